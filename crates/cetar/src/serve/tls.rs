//! HTTPS by certificate files.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use anyhow::Context as _;
use rustls::{
    ServerConfig,
    crypto::ring,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio_rustls::TlsAcceptor;

use crate::config::Config;

/// The certificate in use, and where it is read from.
pub(crate) struct Tls {
    cert: PathBuf,
    key: PathBuf,
    current: Arc<Current>,
    acceptor: TlsAcceptor,
}

/// Handed to every handshake; swapped as a whole.
struct Current(RwLock<Arc<CertifiedKey>>);

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current")
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Tls {
    /// Reads the files, if any are set.
    pub(super) fn load(config: &Config) -> anyhow::Result<Option<Arc<Self>>> {
        let (Some(cert), Some(key)) = (&config.tls.cert, &config.tls.key) else { return Ok(None) };
        let current = Arc::new(Current(RwLock::new(read(cert, key)?)));
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Current>::clone(&current);
        let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .context("TLS cannot be set up")?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(server));
        Ok(Some(Arc::new(Self { cert: cert.clone(), key: key.clone(), current, acceptor })))
    }

    /// Reads the files anew; on an error the certificate in use stays.
    pub(super) fn reload(&self) -> anyhow::Result<()> {
        let fresh = read(&self.cert, &self.key)?;
        *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// For a connection.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }
}

fn read(cert: &Path, key: &Path) -> anyhow::Result<Arc<CertifiedKey>> {
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable("tls.cert", cert, &error))?;
    if chain.is_empty() {
        anyhow::bail!("`tls.cert`: {} holds no certificate; it must be PEM, with its chain", cert.display());
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable("tls.key", key, &error))?;
    let certified =
        CertifiedKey::from_der(chain, private, &ring::default_provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => anyhow::anyhow!(
                "the key in {} (`tls.key`) does not belong to the certificate in {} (`tls.cert`)",
                key.display(),
                cert.display()
            ),
            other => anyhow::anyhow!("{} and {} cannot be used: {other}", cert.display(), key.display()),
        })?;
    Ok(Arc::new(certified))
}

fn unreadable(name: &str, path: &Path, error: &rustls_pki_types::pem::Error) -> anyhow::Error {
    use rustls_pki_types::pem::Error;
    let path = path.display();
    match error {
        Error::Io(error) => anyhow::anyhow!("`{name}`: {path} cannot be read: {error}"),
        Error::NoItemsFound => anyhow::anyhow!("`{name}`: {path} holds none; it must be a PEM file"),
        _ => anyhow::anyhow!("`{name}`: {path} is not a PEM file"),
    }
}
