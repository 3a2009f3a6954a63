use std::fs;

use super::*;

fn env(variables: &[(&str, &str)]) -> Environment {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Loads with this `cetar.toml` and these variables.
fn load(file: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(DEFAULT_FILE), file).unwrap();
    Config::load(&Flags::default(), &env(variables), folder.path())
}

/// The message, with the folder's name left out.
fn refusal(file: &str, variables: &[(&str, &str)]) -> String {
    let text = load(file, variables).expect_err("it should have been refused").to_string();
    let words = text.split(' ').map(|word| {
        if word.contains(DEFAULT_FILE) {
            format!("cetar.toml{}", &word[word.find(".toml").unwrap() + 5..])
        } else {
            word.to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn nothing_has_to_be_set() {
    let config = load("", &[]).unwrap();
    assert_eq!(config.general.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.limits.requests_per_minute, 60);
    assert_eq!(config.limits.body_bytes, 1_048_576);
    assert_eq!(config.database_url().expose(), "sqlite:data/cetar.db");
}

#[test]
fn a_flag_wins_over_the_environment_which_wins_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join(DEFAULT_FILE),
        "listen = '127.0.0.1:1'\ndata_dir = 'file'\n[log]\nlevel = 'warn'",
    )
    .unwrap();
    let flags = Flags { listen: Some("127.0.0.1:3".into()), ..Flags::default() };
    let environment = env(&[("CETAR_LISTEN", "127.0.0.1:2"), ("CETAR_DATA_DIR", "environment")]);
    let config = Config::load(&flags, &environment, folder.path()).unwrap();
    assert_eq!(config.general.listen.port(), 3);
    assert_eq!(config.general.data_dir, Path::new("environment"));
    assert_eq!(config.log.level, "warn");
}

#[test]
fn every_key_can_be_set_from_the_environment() {
    let config = load(
        "",
        &[
            ("CETAR_META__GRAPH_URL", "http://127.0.0.1:9000"),
            ("CETAR_META__GRAPH_VERSION", "21.0"),
            ("CETAR_EGRESS__ALLOW", "127.0.0.0/8, 10.0.0.0/8"),
            ("CETAR_LIMITS__REQUESTS_PER_MINUTE", "120"),
            ("CETAR_LOG__FORMAT", "json"),
            ("CETAR_RETENTION__EVENTS", "7d"),
            ("CETAR_DATABASE_URL", "postgres://cetar@localhost/cetar"),
        ],
    )
    .unwrap();
    assert_eq!(config.meta.graph_url.unwrap().as_str(), "http://127.0.0.1:9000/");
    assert_eq!(config.meta.graph_version.as_deref(), Some("21.0"));
    assert_eq!(config.egress.allow.len(), 2);
    assert_eq!(config.limits.requests_per_minute, 120);
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.retention.events.0.as_secs(), 7 * 86_400);
    assert_eq!(config.general.database_url.unwrap().expose(), "postgres://cetar@localhost/cetar");
}

#[test]
fn other_peoples_variables_and_the_master_key_are_not_keys() {
    let others = [("CETAR_MASTER_KEY", "x"), ("CETAR_TEST_POSTGRES", "x"), ("CETARX", "x"), ("PATH", "x")];
    assert!(load("", &others).is_ok());
}

#[test]
fn an_unknown_key_is_named_with_the_known_ones() {
    assert_eq!(
        refusal("[proxy]\ntrust = ['10.0.0.0/8']", &[]),
        "the configuration is wrong: unknown key `proxy.trust` (from cetar.toml); known keys of [proxy]: trusted"
    );
    assert_eq!(
        refusal("port = 80", &[]),
        "the configuration is wrong: unknown key `port` (from cetar.toml); known keys: listen, data_dir, database_url, public_url; \
         sections: log, tls, proxy, egress, limits, metrics, whatsapp_web, meta, telegram, media, retention"
    );
}

#[test]
fn an_unknown_variable_is_named_with_the_one_that_was_meant() {
    assert_eq!(
        refusal("", &[("CETAR_LOG_LEVEL", "debug")]),
        "the configuration is wrong: the environment variable CETAR_LOG_LEVEL sets no known key; did you mean CETAR_LOG__LEVEL?"
    );
    assert_eq!(
        refusal("", &[("CETAR_NOISE", "1")]),
        "the configuration is wrong: the environment variable CETAR_NOISE sets no known key; \
         a section's key takes two underscores, as in CETAR_LOG__LEVEL"
    );
}

#[test]
fn a_wrong_value_is_told_with_its_key_the_form_wanted_and_where_it_came_from() {
    assert_eq!(
        refusal("", &[("CETAR_LIMITS__BODY_BYTES", "1 MB")]),
        "the configuration is wrong: `limits.body_bytes` must be a whole number of bytes, as in 1048576, not \"1 MB\" \
         (from the environment variable CETAR_LIMITS__BODY_BYTES)"
    );
    assert_eq!(
        refusal("[log]\nformat = 'xml'", &[]),
        "the configuration is wrong: `log.format` must be \"text\" or \"json\", not \"xml\" (from cetar.toml)"
    );
    assert_eq!(
        refusal("log = 'json'", &[]),
        "the configuration is wrong: `log` must be a section with keys (from cetar.toml)"
    );
    assert_eq!(
        refusal("", &[("CETAR_WHATSAPP_WEB__URL", "http://x")]),
        "the configuration is wrong: `whatsapp_web.url` must be a ws or wss URL, as in \"ws://127.0.0.1:9000/ws/chat\", not \"http://x/\" \
         (from the environment variable CETAR_WHATSAPP_WEB__URL)"
    );
    let listen = Flags { listen: Some("8080".into()), ..Flags::default() };
    let told = Config::load(&listen, &env(&[]), Path::new("/nonexistent")).unwrap_err().to_string();
    assert!(told.contains("`listen` must be an address and a port"), "{told}");
    assert!(told.contains("(from --listen)"), "{told}");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let told = refusal("[proxy]\ntrusted = ['10.0.0.0/8', 'home']\n[retention]\nevents = '30'", &[]);
    assert!(told.contains("\n  - `proxy.trusted` must be a list of networks"), "{told}");
    assert!(told.contains("\n  - `retention.events` must be a length of time"), "{told}");
}

#[test]
fn rules_between_keys_are_told_too() {
    let told = refusal("[tls]\ncert = 'c'\n[limits]\nrequests_per_minute = 0\n[log]\nlevel = 'loud'", &[]);
    assert!(told.contains("`log.level` must be a level"), "{told}");
    assert!(told.contains("`limits.requests_per_minute` must be 1 or more"), "{told}");
    assert!(told.contains("one of `tls.cert` and `tls.key` is set without the other"), "{told}");
}

#[test]
fn a_file_that_is_not_toml_is_told_with_its_line() {
    let told = refusal("listen = \n", &[]);
    assert!(told.contains("line 1"), "{told}");
    assert!(told.contains("cetar.toml"), "{told}");
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let flags = Flags { config: Some("/nonexistent/cetar.toml".into()), ..Flags::default() };
    let told = Config::load(&flags, &env(&[]), Path::new(".")).unwrap_err().to_string();
    assert_eq!(
        told,
        "the configuration is wrong: there is no file /nonexistent/cetar.toml; --config (or CETAR_CONFIG) must name one that exists"
    );
}

#[test]
fn the_reference_page_is_current() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/configuration.md");
    let written = fs::read_to_string(page).unwrap_or_default();
    assert!(
        written == reference::markdown(),
        "write it anew: cargo run -p cetar -- configuration-reference > docs/reference/configuration.md"
    );
}
