//! Reading a stranger's address, over redirects, against real sockets on loopback.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use cetar_provider::http::{Client, Download, ErrorClass, Get, Options, Resolver};
use rstest::rstest;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const OTHER_LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// Answers every request by its path, and remembers the heads.
struct Site {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Site {
    async fn on(address: (IpAddr, u16), answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let mut tasks = JoinSet::new();
        let seen = Arc::clone(&heads);
        tasks.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = stream.read_u8().await else { break };
                    head.push(byte);
                }
                let head = String::from_utf8(head).unwrap();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                seen.lock().unwrap().push(head);
                let _the_client_may_have_had_enough = stream.write_all(answer(&path).as_bytes()).await;
            }
        });
        Self { address, heads, _tasks: tasks }
    }

    fn requests(&self) -> usize {
        self.heads.lock().unwrap().len()
    }
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

/// Names by list, one entry a lookup.
struct Names(Vec<IpAddr>, AtomicUsize);

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        let lookup = self.1.fetch_add(1, Ordering::Relaxed);
        self.0.get(lookup).map(|address| vec![*address]).ok_or_else(|| io::Error::other("no such name"))
    }
}

fn client(names: &[IpAddr]) -> Client {
    Client::new(Options {
        allow: vec!["127.0.0.1/32".parse().unwrap()],
        plain_http: true,
        resolver: Arc::new(Names(names.to_vec(), AtomicUsize::new(0))),
        ..Options::default()
    })
    .unwrap()
}

async fn get(client: &Client, url: String) -> Result<Download, ErrorClass> {
    client.get(Get::new(url).header("if-none-match", "\"1\"")).await.map_err(|error| error.class)
}

#[tokio::test]
async fn a_body_comes_in_pieces_after_redirects_relative_and_absolute() {
    let far = Site::on((LOOPBACK, 0), |_| ok("gambar")).await;
    let address = far.address;
    let near = Site::on((LOOPBACK, 0), move |path| match path {
        "/a" => redirect("/b?x=1"),
        _ => redirect(&format!("http://{address}/c/gambar.jpg")),
    })
    .await;
    let mut download = get(&client(&[]), format!("http://{}/a", near.address)).await.unwrap();
    assert_eq!((download.status(), download.length(), download.name()), (200, Some(6), Some("gambar.jpg")));
    let mut body = Vec::new();
    while let Some(chunk) = download.chunk().await.unwrap() {
        body.extend_from_slice(&chunk);
    }
    assert_eq!(body, b"gambar");
    assert_eq!((near.requests(), far.requests()), (2, 1));
    assert!(far.heads.lock().unwrap()[0].contains("if-none-match: \"1\""));
}

#[rstest]
#[case::loopback("http://127.0.0.2/")]
#[case::metadata("http://169.254.169.254/latest/meta-data/")]
#[case::private("https://10.0.0.1/")]
#[case::mapped("http://[::ffff:10.0.0.1]/")]
#[case::another_scheme("file:///etc/passwd")]
#[case::a_user_name("http://admin@127.0.0.1/")]
#[tokio::test]
async fn a_redirect_inside_is_refused(#[case] to: &'static str) {
    let site = Site::on((LOOPBACK, 0), move |_| redirect(to)).await;
    let refused = get(&client(&[]), format!("http://{}/", site.address)).await;
    assert_eq!(refused.unwrap_err(), ErrorClass::RefusedAddress);
    assert_eq!(site.requests(), 1);
}

#[tokio::test]
async fn a_name_that_leads_inside_once_it_redirects_to_itself_is_refused() {
    let public = Site::on((LOOPBACK, 0), |_| redirect("/again")).await;
    let port = public.address.port();
    let inside = Site::on((OTHER_LOOPBACK, port), |_| ok("secret")).await;
    let rebinding = client(&[LOOPBACK, OTHER_LOOPBACK]);
    let refused = get(&rebinding, format!("http://site.example:{port}/")).await;
    assert_eq!(refused.unwrap_err(), ErrorClass::RefusedAddress);
    assert_eq!((public.requests(), inside.requests()), (1, 0));
}

#[tokio::test]
async fn redirects_in_a_circle_end() {
    let site = Site::on((LOOPBACK, 0), |_| redirect("/")).await;
    let refused = get(&client(&[]), format!("http://{}/", site.address)).await;
    assert_eq!(refused.unwrap_err(), ErrorClass::RefusedAddress);
    assert_eq!(site.requests(), 6);
}

#[tokio::test]
async fn what_anyone_may_read_is_read_by_plain_http_too_and_still_not_inside() {
    let client = client(&[]);
    assert!(client.check("http://9.9.9.9/gambar.jpg").is_ok());
    assert!(client.check("http://10.0.0.1/gambar.jpg").is_err());
}
