//! The commands, with the server running and without.

use crate::support::{Home, Server, hello};
use serde_json::{Value, json};

/// A home after its first run; the server runs on, or not.
fn home(running: bool) -> (Home, Option<Server>) {
    let home = Home::new();
    let server = home.serve();
    if running {
        return (home, Some(server));
    }
    assert!(server.stop().success());
    (home, None)
}

fn ids(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_key_is_printed_alone_and_once() {
    for running in [true, false] {
        let (home, _server) = home(running);
        let key = home.run(&["key", "create", "--name", "toko"]).ok();
        assert!(key.starts_with("sk_live_") && key.len() == "sk_live_".len() + 36, "{key}");
        let test = home.run(&["key", "create", "--name", "coba", "--test", "--expires", "30d"]).ok();
        assert!(test.starts_with("sk_test_"), "{test}");
        let list = home.run(&["key", "list", "--json"]).ok();
        assert!(!list.contains(&key) && !list.contains(&test), "a listing shows no key");
        let list: Value = serde_json::from_str(&list).unwrap();
        assert_eq!(list.as_array().unwrap().len(), 3);
        let table = home.run(&["key", "list"]).ok();
        assert!(table.starts_with("ID") && table.contains("toko"), "{table}");
    }
}

#[test]
fn a_running_server_knows_a_key_and_its_end_at_once() {
    let (home, server) = home(true);
    let server = server.unwrap();
    let key = home.run(&["key", "create", "--name", "kantor", "--scope", "messages,admin"]).ok();
    assert_eq!(server.get("/v1/api-keys", &key).0, 200);
    let list = home.run(&["key", "list", "--json"]).json();
    let id = list.as_array().unwrap().iter().find(|entry| entry["name"] == "kantor").unwrap()["id"].clone();
    home.run(&["key", "revoke", id.as_str().unwrap()]).ok();
    assert_eq!(server.get("/v1/api-keys", &key).0, 401);
}

#[test]
fn a_key_made_without_the_server_works_when_it_runs() {
    let (home, _) = home(false);
    let key = home.run(&["key", "create", "--name", "toko", "--test"]).ok();
    let server = home.serve();
    let (status, answer) = server.request("POST", "/v1/messages", Some(&key), Some(&hello()));
    assert_eq!((status, &answer["data"]["status"]), (200, &json!("queued")), "{answer}");
}

#[test]
fn a_device_is_added_listed_paused_and_removed() {
    for running in [true, false] {
        let (home, _server) = home(running);
        let said = home.run(&["device", "add", "--channel", "whatsapp", "--name", "Toko"]);
        assert!(said.err.contains("cetar device link dev_"), "{}", said.err);
        let id = said.ok();
        assert!(id.starts_with("dev_"), "{id}");
        assert!(ids(&home.run(&["device", "list", "--json"]).json()).contains(&id));
        let table = home.run(&["device", "list"]).ok();
        let line = table.lines().find(|line| line.starts_with(&id)).unwrap();
        assert!(line.contains("Toko") && line.contains("unlinked"), "{table}");
        let mode = || {
            let devices = home.run(&["device", "list", "--json"]).json();
            let device =
                devices.as_array().unwrap().iter().find(|device| device["id"] == id.as_str()).cloned();
            device.unwrap()["pace"]["mode"].clone()
        };
        assert_eq!(mode(), "on");
        home.run(&["device", "change", &id, "--pace", "off"]).ok();
        assert_eq!(mode(), "off");
        let hasty =
            home.run(&["device", "add", "--channel", "whatsapp", "--name", "Cepat", "--pace", "fast"]);
        assert!(hasty.refused().contains("on, off"));
        home.run(&["device", "pause", &id]).ok();
        home.run(&["device", "resume", &id]).ok();
        home.run(&["device", "remove", &id]).ok();
        assert!(!ids(&home.run(&["device", "list", "--json"]).json()).contains(&id));
        let refusal = home.run(&["device", "remove", &id]).refused();
        assert!(refusal.contains("Not found"), "{refusal}");
    }
}

#[test]
fn a_devices_settings_are_checked_before_it_is_added() {
    let (home, _server) = home(true);
    let add = ["device", "add", "--channel", "messenger", "--name", "Toko"];
    let refusal = home.run_with_input(&add, r#"{"page_id":"1"}"#).refused();
    assert!(refusal.contains("access_token"), "{refusal}");
    let refusal = home.run(&add).refused();
    assert!(refusal.contains("standard input"), "{refusal}");
    let refusal = home.run_with_input(&add, "token").refused();
    assert!(refusal.contains("not JSON"), "{refusal}");
}

#[test]
fn a_webhooks_secret_is_printed_once() {
    for running in [true, false] {
        let (home, _server) = home(running);
        let secret = home.run(&["webhook", "add", "--url", "https://example.com/hook"]).ok();
        assert!(secret.starts_with("whsec_") && !secret.contains('\n'), "{secret}");
        let add = ["webhook", "add", "--url", "https://example.com/b", "--event", "message.*", "--json"];
        let second = home.run(&add).json();
        assert!(second["secret"].as_str().unwrap().starts_with("whsec_"));
        let list = home.run(&["webhook", "list", "--json"]).ok();
        assert!(!list.contains("whsec_"), "a listing shows no secret");
        let id = second["id"].as_str().unwrap();
        home.run(&["webhook", "remove", id]).ok();
        assert_eq!(home.run(&["webhook", "list", "--json"]).json().as_array().unwrap().len(), 1);
    }
}

#[test]
fn a_webhook_to_a_private_address_is_refused_with_the_reason() {
    let (home, _server) = home(true);
    let refusal = home.run(&["webhook", "add", "--url", "http://127.0.0.1:9/hook"]).refused();
    assert!(refusal.contains("url"), "{refusal}");
}

#[test]
fn tenants_are_kept_apart() {
    for running in [true, false] {
        let (home, _server) = home(running);
        let id = home.run(&["workspace", "add", "--name", "Cabang"]).ok();
        assert!(id.starts_with("ws_"), "{id}");
        assert_eq!(ids(&home.run(&["workspace", "list", "--json"]).json()).len(), 2);
        home.run(&["key", "create", "--name", "cabang", "--workspace", &id]).ok();
        let keys = home.run(&["key", "list", "--json", "--workspace", &id]).json();
        assert_eq!(keys.as_array().unwrap().len(), 1);
        assert_eq!(home.run(&["key", "list", "--json"]).json()[0]["name"], "First run");
        let refusal = home.run(&["key", "list", "--workspace", "ws_nobody"]).refused();
        assert!(refusal.contains("cetar workspace list"), "{refusal}");
    }
}

#[test]
fn a_plan_is_read_from_standard_input_and_holds_at_once() {
    let (home, server) = home(true);
    let server = server.unwrap();
    let plan = home.run_with_input(&["plan", "set"], r#"{"channels":["telegram"]}"#).json();
    assert_eq!(plan["channels"], json!(["telegram"]));
    let (status, answer) = server.request("POST", "/v1/messages", Some(&server.test_key()), Some(&hello()));
    assert_eq!((status, &answer["error"]["code"]), (403, &json!("plan_feature_missing")), "{answer}");
    let refusal = home.run_with_input(&["plan", "set"], r#"{"device":3}"#).refused();
    assert!(refusal.contains("device") && refusal.contains("requests_per_minute"), "{refusal}");
    let refusal = home.run_with_input(&["plan", "set"], r#"{"channels":["pigeon"]}"#).refused();
    assert!(refusal.contains("channels"), "{refusal}");
}

#[test]
fn a_sandbox_device_is_linked_in_the_terminal() {
    for running in [true, false] {
        let (home, _server) = home(running);
        let add = ["device", "add", "--channel", "whatsapp", "--name", "Coba", "--sandbox"];
        let id = home.run(&add).ok();
        let said = home.run(&["device", "link", &id]);
        assert!(said.err.contains("Linked devices"), "it says what to do on the phone: {}", said.err);
        assert!(said.err.contains("Connected"), "{}", said.err);
        let drawn = said.ok();
        assert!(drawn.lines().count() > 10 && drawn.contains('▄') && !drawn.contains('\x1b'), "{drawn}");

        let steps = home.run(&["device", "link", &id, "--pairing-code", "6281234567890", "--json"]).ok();
        let steps: Vec<Value> = steps.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(steps.first().unwrap()["event"], "code");
        assert_eq!(steps.last().unwrap()["event"], "connected");
    }
}

#[test]
fn a_wrong_number_for_a_pairing_code_is_told() {
    let (home, _server) = home(true);
    let id = home.run(&["device", "add", "--channel", "whatsapp", "--name", "Toko"]).ok();
    let refusal = home.run(&["device", "link", &id, "--pairing-code", "08123"]).refused();
    assert!(refusal.contains("phone"), "{refusal}");
}

#[test]
fn a_command_in_the_wrong_place_makes_nothing() {
    let home = Home::new();
    let refusal = home.run(&["key", "create", "--name", "x"]).refused();
    assert!(refusal.contains("cetar serve") && refusal.contains("--data-dir"), "{refusal}");
    assert!(!home.data().exists());
    std::fs::create_dir(home.data()).unwrap();
    let refusal = home.run(&["key", "create", "--name", "x"]).refused();
    assert!(refusal.contains("there is no database"), "{refusal}");
    assert!(!home.file("master.key").exists() && !home.file("cetar.db").exists());
}

#[test]
fn commands_take_turns_without_a_server() {
    let (home, _) = home(false);
    let names = ["a", "b", "c", "d"];
    std::thread::scope(|scope| {
        for name in names {
            scope.spawn(|| home.run(&["key", "create", "--name", name]).ok());
        }
    });
    assert_eq!(home.run(&["key", "list", "--json"]).json().as_array().unwrap().len(), names.len() + 1);
}

#[test]
fn the_openapi_document_is_printed_without_any_data() {
    let home = Home::new();
    let document = home.run(&["openapi"]).json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(document["paths"]["/v1/messages"].is_object());
    assert!(!home.data().exists());
}

#[test]
fn the_version_tells_of_a_simulated_build() {
    let said = Home::new().run(&["--version"]).ok();
    assert!(said.starts_with("cetar 0."), "{said}");
    assert_eq!(said.contains("simulated"), cfg!(feature = "simulated"), "{said}");
}
