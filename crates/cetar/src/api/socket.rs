//! The socket in the data directory: whoever may open it is the operator.

use std::{
    fs, io,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use axum::{
    body::Body,
    http::{Request, Response},
};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{UnixListener, UnixStream};
use tokio_util::task::TaskTracker;

use crate::data_dir::DataDir;

/// Longest path a socket's address can hold, with the closing zero: 108 bytes on Linux, 104 on macOS and the BSDs.
const LONGEST: usize = 103;

/// The socket's name in the data directory. Dropping this removes it.
#[must_use]
pub(crate) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // If it cannot be removed, the next server will do it.
        let _ = fs::remove_file(&self.0);
    }
}

/// Opens the socket. Only the holder of the directory's lock may call it: a socket that is there is a dead server's.
pub(crate) fn listen(data: &DataDir) -> anyhow::Result<(UnixListener, SocketFile)> {
    let path = data.socket();
    let told = || format!("the socket {} cannot be made", path.display());
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error).with_context(told),
        _ => {}
    }
    let listener =
        Address::of(&path).and_then(|address| UnixListener::bind(address.path())).with_context(told)?;
    // The directory is its owner's alone; this is for one that is not.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).with_context(told)?;
    Ok((listener, SocketFile(path)))
}

/// Reaches the running server.
pub(crate) async fn connect(data: &DataDir) -> io::Result<UnixStream> {
    let path = data.socket();
    let address = Address::of(&path)?;
    UnixStream::connect(address.path()).await
}

/// Sends one request to the running server, on a connection of its own.
pub(super) async fn send(
    data: &DataDir,
    tasks: &TaskTracker,
    request: Request<Body>,
) -> anyhow::Result<Response<Body>> {
    let told = || format!("the server does not answer on {}; is it just stopping?", data.socket().display());
    let stream = connect(data).await.with_context(told)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.with_context(told)?;
    tasks.spawn(async move {
        // Its error is the request's own, which is told.
        let _ = connection.await;
    });
    let response = sender.send_request(request).await.with_context(told)?;
    Ok(response.map(Body::new))
}

/// A path short enough for a socket's address. A longer one is reached through a link in a folder made for the moment: the socket
/// itself always lies in the data directory.
enum Address {
    Direct(PathBuf),
    Linked { _folder: tempfile::TempDir, path: PathBuf },
}

impl Address {
    fn of(path: &Path) -> io::Result<Self> {
        if path.as_os_str().len() <= LONGEST {
            return Ok(Self::Direct(path.to_owned()));
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let link = |base: &Path| -> io::Result<Self> {
            // Made with mode 0700, so nobody else can put another link there.
            let made = tempfile::Builder::new().prefix("cetar-").tempdir_in(base)?;
            let link = made.path().join("data");
            symlink(folder, &link)?;
            Ok(Self::Linked { path: link.join(name), _folder: made })
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "a link for a moment, whose path must be short; only where the data directory's is long"
        )]
        let linked = link(&std::env::temp_dir())?;
        if linked.path().as_os_str().len() <= LONGEST { Ok(linked) } else { link(Path::new("/tmp")) }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Direct(path) | Self::Linked { path, .. } => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_socket_is_the_owners_alone_and_goes_with_the_server() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::create(folder.path()).unwrap();
        let (_listener, file) = listen(&data).unwrap();
        let mode = fs::metadata(data.socket()).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        assert!(connect(&data).await.is_ok());
        drop(file);
        assert!(!data.socket().exists());
    }

    #[tokio::test]
    async fn a_dead_servers_socket_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::create(folder.path()).unwrap();
        drop(std::os::unix::net::UnixListener::bind(data.socket()).unwrap());
        assert!(connect(&data).await.is_err());
        let _listening = listen(&data).unwrap();
        assert!(connect(&data).await.is_ok());
    }

    #[tokio::test]
    async fn a_data_directory_with_a_long_path_has_its_socket_too() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("a-rather-long-name/".repeat(12));
        let data = DataDir::create(&long).unwrap();
        assert!(data.socket().as_os_str().len() > 200);
        let _listening = listen(&data).unwrap();
        assert!(data.socket().exists(), "it lies in the data directory itself");
        assert!(connect(&data).await.is_ok());
    }
}
