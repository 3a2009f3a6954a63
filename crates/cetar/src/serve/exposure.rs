//! Refuses to be reached from outside without encryption, and to promise what is not built.

use crate::config::Config;

/// Whether this configuration may be served.
pub(super) fn check(config: &Config) -> anyhow::Result<()> {
    let (listen, tls) = (config.general.listen, &config.tls);
    if !tls.acme_domains.is_empty() {
        anyhow::bail!(
            "`tls.acme_domains` is not built yet: fetching certificates by itself comes with a later version. \
             Set `tls.cert` and `tls.key`, or put a proxy that ends TLS in front and name it in `proxy.trusted`"
        );
    }
    let encrypted = tls.cert.is_some() || !config.proxy.trusted.is_empty();
    if !listen.ip().is_loopback() && !encrypted {
        anyhow::bail!(
            "listening on {listen} would send API keys and messages over the network unencrypted. Do one of these:\n  \
             1. set `tls.cert` and `tls.key` to a certificate and its key (CETAR_TLS__CERT, CETAR_TLS__KEY)\n  \
             2. put a proxy that ends TLS in front and name its address in `proxy.trusted` (CETAR_PROXY__TRUSTED=10.0.0.2/32)\n  \
             3. listen on this machine only: --listen 127.0.0.1:{}",
            listen.port()
        );
    }
    if config.whatsapp_web.url.is_some() && !cfg!(feature = "simulated") {
        anyhow::bail!(
            "`whatsapp_web.url` is for builds with the feature `simulated` (make simulated); \
             this one connects to WhatsApp itself"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Flags;

    fn told(variables: &[(&str, &str)]) -> Option<String> {
        let environment = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let config = Config::load(&Flags::default(), &environment, Path::new("/nonexistent")).unwrap();
        check(&config).err().map(|error| error.to_string())
    }

    #[test]
    fn off_the_loopback_it_must_be_encrypted() {
        let refusal = told(&[("CETAR_LISTEN", "0.0.0.0:8080")]).unwrap();
        for way in ["`tls.cert` and `tls.key`", "`proxy.trusted`", "--listen 127.0.0.1:8080"] {
            assert!(refusal.contains(way), "{refusal}");
        }
        assert_eq!(told(&[("CETAR_LISTEN", "[::1]:8080")]), None);
        assert_eq!(told(&[("CETAR_LISTEN", "0.0.0.0:8080"), ("CETAR_PROXY__TRUSTED", "10.0.0.2/32")]), None);
        let files = [("CETAR_LISTEN", "0.0.0.0:8080"), ("CETAR_TLS__CERT", "c"), ("CETAR_TLS__KEY", "k")];
        assert_eq!(told(&files), None);
    }

    #[test]
    fn what_is_not_built_is_refused_rather_than_ignored() {
        let refusal = told(&[("CETAR_TLS__ACME_DOMAINS", "wa.example.com")]).unwrap();
        assert!(refusal.contains("later version") && refusal.contains("`tls.cert`"), "{refusal}");
    }
}
