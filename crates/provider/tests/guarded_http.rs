//! The guarded client against real sockets on loopback, which it may call only because a test allows it.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use cetar_provider::http::{CertificateDer, Client, ErrorClass, Options, Request, Resolver, Response};
use rstest::rstest;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
    time::Instant,
};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const OTHER_LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// Answers lookups from a list: the first with the first entry, and so on; the last entry stands for all that follow.
struct Names {
    answers: Vec<Vec<IpAddr>>,
    lookups: AtomicUsize,
}

impl Names {
    fn answering<const N: usize>(answers: [&[IpAddr]; N]) -> Arc<Self> {
        Arc::new(Self { answers: answers.map(<[IpAddr]>::to_vec).into(), lookups: AtomicUsize::new(0) })
    }
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        let lookup = self.lookups.fetch_add(1, Ordering::Relaxed);
        self.answers
            .get(lookup)
            .or(self.answers.last())
            .cloned()
            .ok_or_else(|| io::Error::other("no such name"))
    }
}

/// A name server that never answers.
struct Silence;

#[async_trait]
impl Resolver for Silence {
    async fn resolve(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        std::future::pending().await
    }
}

/// Answers every connection's first request with the same bytes, then closes it, or holds it open.
struct Receiver {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

#[derive(Clone, Copy)]
enum Afterwards {
    Close,
    Hold,
}

impl Receiver {
    async fn on(address: impl Into<SocketAddr>, answer: impl Into<Vec<u8>>, afterwards: Afterwards) -> Self {
        let listener = TcpListener::bind(address.into()).await.unwrap();
        let (address, answer) = (listener.local_addr().unwrap(), Arc::new(answer.into()));
        let requests = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        let count = requests.clone();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let (answer, count) = (answer.clone(), count.clone());
                connections.spawn(async move {
                    answer_one(&mut stream, &answer, &count).await;
                    if matches!(afterwards, Afterwards::Hold) {
                        std::future::pending::<()>().await;
                    }
                });
            }
        });
        Self { address, requests, _tasks: tasks }
    }

    async fn answering(answer: &str) -> Self {
        Self::on((LOOPBACK, 0), answer, Afterwards::Close).await
    }

    fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

/// Reads a request (its body repeats nowhere, so the end of `body` ends it) and writes the answer.
async fn answer_one(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    answer: &[u8],
    requests: &AtomicUsize,
) {
    let mut seen = Vec::new();
    while !seen.ends_with(BODY) {
        let mut buffer = [0; 1024];
        let Ok(read @ 1..) = stream.read(&mut buffer).await else { return };
        seen.extend_from_slice(&buffer[..read]);
    }
    requests.fetch_add(1, Ordering::Relaxed);
    let _the_client_may_have_had_enough = stream.write_all(answer).await;
    let _likewise = stream.flush().await;
}

const BODY: &[u8] = br#"{"a":"webhook"}"#;
const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";

fn options() -> Options {
    Options { allow: vec!["127.0.0.1/32".parse().unwrap()], ..Options::default() }
}

fn client(options: Options) -> Client {
    Client::new(options).unwrap()
}

async fn post(client: &Client, url: impl Into<String>) -> Result<Response, ErrorClass> {
    client.send(Request::post(url, BODY.into())).await.map_err(|error| error.class)
}

#[tokio::test]
async fn an_allowed_address_gets_the_request_and_its_answer_is_read() {
    let answer = "HTTP/1.1 429 Slow\r\nretry-after: 7\r\ncontent-length: 5\r\n\r\nlater";
    let receiver = Receiver::answering(answer).await;
    let answer = post(&client(options()), receiver.url()).await.unwrap();
    assert_eq!((answer.status, &answer.body[..], answer.complete), (429, &b"later"[..], true));
    let now = cetar_model::Timestamp::from_secs(0);
    assert_eq!(answer.retry_after(now), Some(Duration::from_secs(7)));
    assert_eq!(answer.header("x-none"), None);
}

#[rstest]
#[case::loopback("https://127.0.0.1/")]
#[case::loopback_in_short("https://127.1/")]
#[case::loopback_in_hexadecimal("https://0x7f.0.0.1/")]
#[case::loopback_as_one_number("https://2130706433/")]
#[case::loopback_in_octal("https://0177.0.0.1/")]
#[case::loopback_with_a_dot("https://127.0.0.1./")]
#[case::loopback_in_full_width_digits("https://１２７.0.0.1/")]
#[case::metadata("https://169.254.169.254/latest/meta-data/")]
#[case::v6_loopback("https://[::1]/")]
#[case::mapped("https://[::ffff:10.0.0.1]/")]
#[case::nat64("https://[64:ff9b::a00:1]/")]
#[case::plain_http_to_the_internet("http://9.9.9.9/")]
#[case::a_zone("https://[fe80::1%25eth0]/")]
#[case::a_user_name("https://user@receiver.example/")]
#[case::a_password("https://:password@receiver.example/")]
#[case::another_scheme("ftp://receiver.example/")]
#[case::a_file("file:///etc/passwd")]
#[case::no_host("https://")]
#[case::no_url("receiver.example")]
#[case::nothing("")]
#[tokio::test]
async fn a_url_that_may_not_be_called_is_refused_before_anything_is_looked_up(#[case] url: &str) {
    let names = Names::answering([]);
    let client = client(Options { resolver: names.clone(), ..Options::default() });
    assert_eq!(client.check(url).unwrap_err().class, ErrorClass::RefusedAddress);
    assert_eq!(post(&client, url).await.unwrap_err(), ErrorClass::RefusedAddress);
    assert_eq!(names.lookups.load(Ordering::Relaxed), 0);
}

#[rstest]
#[case::https("https://receiver.example/hook?token=1")]
#[case::a_port("https://receiver.example:8443/")]
#[case::a_name_that_may_be_allowed_once_it_is_dialled("http://receiver.lan/")]
#[case::an_address_of_the_internet("https://9.9.9.9/")]
#[case::an_allowed_address("http://127.0.0.1:9/")]
fn a_name_is_judged_only_when_it_is_dialled(#[case] url: &str) {
    assert_eq!(client(options()).check(url), Ok(()));
}

#[rstest]
#[case::metadata(&[IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254))])]
#[case::all_private(&[IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), OTHER_LOOPBACK])]
#[tokio::test]
async fn a_name_that_leads_inside_is_refused(#[case] addresses: &[IpAddr]) {
    let client = client(Options { resolver: Names::answering([addresses]), ..options() });
    for scheme in ["http", "https"] {
        let error = client.send(Request::post(format!("{scheme}://receiver.example/"), BODY.into())).await;
        let error = error.unwrap_err();
        assert_eq!(error.class, ErrorClass::RefusedAddress, "{error}");
        assert!(!error.detail.contains("10.0.0.1"), "tells where the name led: {error}");
    }
}

#[tokio::test]
async fn the_system_resolver_is_guarded_too() {
    let client = client(Options::default());
    assert_eq!(post(&client, "https://localhost/").await.unwrap_err(), ErrorClass::RefusedAddress);
}

#[tokio::test]
async fn a_name_on_the_internet_is_not_called_by_plain_http() {
    let names = Names::answering([&[IpAddr::V4(Ipv4Addr::new(9, 9, 9, 9))]]);
    let client = client(Options { resolver: names, ..options() });
    assert_eq!(post(&client, "http://receiver.example/").await.unwrap_err(), ErrorClass::RefusedAddress);
}

#[tokio::test]
async fn of_a_names_addresses_only_those_permitted_are_dialled() {
    let permitted = Receiver::answering(NO_CONTENT).await;
    let port = permitted.address.port();
    let forbidden = Receiver::on((OTHER_LOOPBACK, port), NO_CONTENT, Afterwards::Close).await;
    let client = client(Options { resolver: Names::answering([&[OTHER_LOOPBACK, LOOPBACK]]), ..options() });
    assert_eq!(post(&client, format!("http://receiver.example:{port}/")).await.unwrap().status, 204);
    assert_eq!((permitted.requests(), forbidden.requests()), (1, 0));
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_the_second_time_is_checked_the_second_time() {
    let permitted = Receiver::answering(NO_CONTENT).await;
    let port = permitted.address.port();
    let forbidden = Receiver::on((OTHER_LOOPBACK, port), NO_CONTENT, Afterwards::Close).await;
    let names = Names::answering([&[LOOPBACK], &[OTHER_LOOPBACK]]);
    let client = client(Options { resolver: names.clone(), ..options() });
    let url = format!("http://receiver.example:{port}/");
    assert_eq!(post(&client, &url).await.unwrap().status, 204);
    // One lookup a connection: there is no second one, between check and dial, to lie to.
    assert_eq!(names.lookups.load(Ordering::Relaxed), 1);
    assert_eq!(post(&client, &url).await.unwrap_err(), ErrorClass::RefusedAddress);
    assert_eq!((permitted.requests(), forbidden.requests()), (1, 0));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let inside = Receiver::answering(NO_CONTENT).await;
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        inside.url()
    );
    let receiver = Receiver::answering(&redirect).await;
    assert_eq!(post(&client(options()), receiver.url()).await.unwrap().status, 302);
    assert_eq!(inside.requests(), 0);
}

#[test]
fn a_proxy_of_the_environment_is_not_used() {
    // The first test of this file, in a process whose every call would go to a closed port.
    let mut test = Command::new(std::env::current_exe().unwrap());
    test.args(["--exact", "an_allowed_address_gets_the_request_and_its_answer_is_read"]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        test.env(name, "http://127.0.0.1:1");
    }
    let ran = test.env_remove("no_proxy").env_remove("NO_PROXY").output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
}

#[rstest]
#[case::nothing("")]
#[case::not_http("220 smtp.example ESMTP\r\n")]
#[case::half_a_head("HTTP/1.1 200 O")]
#[tokio::test]
async fn a_connection_that_ends_without_an_answer_is_no_answer(#[case] answer: &str) {
    let receiver = Receiver::answering(answer).await;
    assert_eq!(post(&client(options()), receiver.url()).await.unwrap_err(), ErrorClass::Other);
}

#[tokio::test]
async fn endless_headers_end_the_call() {
    let answer = format!("HTTP/1.1 200 OK\r\n{}", "x-padding: 0123456789\r\n".repeat(100_000));
    let receiver = Receiver::on((LOOPBACK, 0), answer, Afterwards::Hold).await;
    assert_eq!(post(&client(options()), receiver.url()).await.unwrap_err(), ErrorClass::Other);
}

#[tokio::test]
async fn a_closed_port_is_no_connection() {
    let address = TcpListener::bind((LOOPBACK, 0)).await.unwrap().local_addr().unwrap();
    assert_eq!(
        post(&client(options()), format!("http://{address}/")).await.unwrap_err(),
        ErrorClass::Connect
    );
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_not_resolved() {
    for names in [Names::answering([]), Names::answering([&[]])] {
        let client = client(Options { resolver: names, ..options() });
        assert_eq!(post(&client, "https://receiver.example/").await.unwrap_err(), ErrorClass::Dns);
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_server_that_is_silent_is_waited_for_5_seconds() {
    let client = client(Options { resolver: Arc::new(Silence), ..options() });
    let began = Instant::now();
    assert_eq!(post(&client, "https://receiver.example/").await.unwrap_err(), ErrorClass::Timeout);
    assert_eq!(began.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_silent_is_waited_for_15_seconds() {
    let receiver = Receiver::on((LOOPBACK, 0), "", Afterwards::Hold).await;
    let began = Instant::now();
    assert_eq!(post(&client(options()), receiver.url()).await.unwrap_err(), ErrorClass::Timeout);
    assert_eq!(began.elapsed().as_secs(), 15);
}

#[tokio::test(start_paused = true)]
async fn a_status_stands_even_if_its_body_never_ends() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf";
    let receiver = Receiver::on((LOOPBACK, 0), answer, Afterwards::Hold).await;
    let answer = post(&client(options()), receiver.url()).await.unwrap();
    assert_eq!((answer.status, &answer.body[..], answer.complete), (200, &b"half"[..], false));
}

#[tokio::test]
async fn of_a_long_answer_only_the_beginning_is_read() {
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n{}", "x".repeat(300_000));
    let receiver = Receiver::answering(&answer).await;
    let request = Request::post(receiver.url(), BODY.into()).max_response(1_000);
    let answer = client(options()).send(request).await.unwrap();
    assert_eq!((answer.body.len(), answer.complete), (1_000, false));
}

/// An authority, and a receiver behind TLS with a certificate of it for `receiver.example`.
async fn tls_receiver() -> (CertificateDer<'static>, SocketAddr, JoinSet<()>) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = authority.self_signed(&authority_key).unwrap().der().clone();
    let issuer = rcgen::Issuer::new(authority, authority_key);

    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["receiver.example".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &issuer).unwrap().der().clone();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.serialize_der().try_into().unwrap())
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));

    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                answer_one(&mut stream, NO_CONTENT.as_bytes(), &AtomicUsize::new(0)).await;
            }
        }
    });
    (root, address, tasks)
}

#[tokio::test]
async fn a_certificate_counts_if_its_authority_is_trusted_and_its_name_is_the_urls() {
    let (root, address, _tasks) = tls_receiver().await;
    let port = address.port();
    let with =
        |extra_roots| client(Options { extra_roots, resolver: Names::answering([&[LOOPBACK]]), ..options() });
    let (trusting, ordinary) = (with(vec![root]), with(Vec::new()));
    let call = async |client: &Client, name| post(client, format!("https://{name}:{port}/")).await;
    assert_eq!(call(&trusting, "receiver.example").await.expect("trusted").status, 204);
    assert_eq!(call(&trusting, "other.example").await.unwrap_err(), ErrorClass::Tls);
    assert_eq!(call(&ordinary, "receiver.example").await.unwrap_err(), ErrorClass::Tls);
}

#[test]
fn a_root_certificate_that_is_none_is_refused() {
    let extra_roots = vec![CertificateDer::from(b"nonsense".to_vec())];
    assert!(Client::new(Options { extra_roots, ..options() }).is_err());
}
