//! Refuses to be reached from outside without encryption or without knowing by which address, and to promise what is not built.

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
    if !listen.ip().is_loopback()
        && let Err(why) = address_is_known(config)
    {
        anyhow::bail!("{why}");
    }
    if config.whatsapp_web.url.is_some() && !cfg!(feature = "simulated") {
        anyhow::bail!(
            "`whatsapp_web.url` is for builds with the feature `simulated` (make simulated); \
             this one connects to WhatsApp itself"
        );
    }
    Ok(())
}

/// Whether the server knows the address that others reach it by: it goes into every `media_url`, which customers' servers and Meta fetch.
/// Says what to do where it does not.
pub(super) fn address_is_known(config: &Config) -> Result<(), String> {
    let listen = config.general.listen;
    let behind_proxy = !config.proxy.trusted.is_empty();
    if config.general.public_url.is_some() || !(behind_proxy || listen.ip().is_unspecified()) {
        return Ok(());
    }
    let why = if behind_proxy {
        "`proxy.trusted` names a proxy, and only you know by which address people reach it".to_owned()
    } else {
        format!("{listen} stands for every address of this machine, and is none that others could reach")
    };
    Err(format!(
        "{why}: without `public_url` nobody could fetch the media of messages. Set `public_url` to the address that people reach \
         this server by, such as https://pesan.example.com (CETAR_PUBLIC_URL)"
    ))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Flags;

    fn config(variables: &[(&str, &str)]) -> Config {
        let environment = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Config::load(&Flags::default(), &environment, Path::new("/nonexistent")).unwrap()
    }

    fn told(variables: &[(&str, &str)]) -> Option<String> {
        check(&config(variables)).err().map(|error| error.to_string())
    }

    #[test]
    fn off_the_loopback_it_must_be_encrypted() {
        let refusal = told(&[("CETAR_LISTEN", "0.0.0.0:8080")]).unwrap();
        for way in ["`tls.cert` and `tls.key`", "`proxy.trusted`", "--listen 127.0.0.1:8080"] {
            assert!(refusal.contains(way), "{refusal}");
        }
        assert_eq!(told(&[("CETAR_LISTEN", "[::1]:8080")]), None);
        let known = ("CETAR_PUBLIC_URL", "https://pesan.example.com");
        let proxy = ("CETAR_PROXY__TRUSTED", "10.0.0.2/32");
        assert_eq!(told(&[("CETAR_LISTEN", "0.0.0.0:8080"), proxy, known]), None);
        let [cert, key] = [("CETAR_TLS__CERT", "c"), ("CETAR_TLS__KEY", "k")];
        assert_eq!(told(&[("CETAR_LISTEN", "0.0.0.0:8080"), cert, key, known]), None);
    }

    #[test]
    fn off_the_loopback_it_must_know_by_which_address_it_is_reached() {
        let proxy = ("CETAR_PROXY__TRUSTED", "10.0.0.2/32");
        let [cert, key] = [("CETAR_TLS__CERT", "c"), ("CETAR_TLS__KEY", "k")];
        for anywhere in ["0.0.0.0:8443", "[::]:8443"] {
            let refusal = told(&[("CETAR_LISTEN", anywhere), cert, key]).unwrap();
            assert!(refusal.contains(anywhere) && refusal.contains("Set `public_url`"), "{refusal}");
        }
        let refusal = told(&[("CETAR_LISTEN", "10.0.0.3:8080"), proxy]).unwrap();
        assert!(refusal.contains("Set `public_url`"), "{refusal}");
        assert_eq!(told(&[("CETAR_LISTEN", "10.0.0.3:8443"), cert, key]), None, "that is an address");
    }

    #[test]
    fn behind_a_proxy_on_this_machine_it_starts_and_the_doctor_says_what_is_missing() {
        let proxy = ("CETAR_PROXY__TRUSTED", "127.0.0.1/32");
        assert_eq!(told(&[proxy]), None);
        let known = |variables: &[(&str, &str)]| address_is_known(&config(variables)).is_ok();
        assert!(known(&[]) && !known(&[proxy]));
        assert!(known(&[proxy, ("CETAR_PUBLIC_URL", "https://pesan.example.com")]));
    }

    #[test]
    fn what_is_not_built_is_refused_rather_than_ignored() {
        let refusal = told(&[("CETAR_TLS__ACME_DOMAINS", "wa.example.com")]).unwrap();
        assert!(refusal.contains("later version") && refusal.contains("`tls.cert`"), "{refusal}");
    }
}
