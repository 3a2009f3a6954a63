//! Whom we trust.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer};

use super::Error;

/// TLS 1.2 and 1.3 on ring. Trusted are Mozilla's roots, which are compiled in so that a container without a certificate
/// store works, and the machine's own, so that a company's authority works.
pub(super) fn client_config(extra_roots: &[CertificateDer<'static>]) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::debug!(%error, "part of the system's certificate store cannot be read");
    }
    // What does not parse in a machine's store is of no use to anyone and no reason to stop.
    let (_added, _ignored) = roots.add_parsable_certificates(system.certs);
    for certificate in extra_roots {
        roots.add(certificate.clone()).map_err(Error::other)?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
