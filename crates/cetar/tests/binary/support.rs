//! The real binary, in a home of its own.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    os::unix::{fs::PermissionsExt as _, process::ExitStatusExt as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use serde_json::Value;

/// Longer than anything here may take on a busy machine; reached only if something is broken.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A data directory, and whoever is started on it.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub out: String,
    pub err: String,
    pub status: ExitStatus,
}

impl Said {
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert!(self.status.success(), "{self:#?}");
        self.out.trim_end().to_owned()
    }

    #[track_caller]
    pub(crate) fn refused(self) -> String {
        assert!(!self.status.success(), "it should have failed: {self:#?}");
        assert_eq!(self.out, "", "a refusal says nothing on standard output");
        self.err
    }

    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// With this variable for everything started here.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn variable(&self, name: &str) -> String {
        self.variables.iter().find(|(given, _)| given == name).unwrap().1.clone()
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.data().join(name)
    }

    pub(crate) fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.file(name)).unwrap().permissions().mode() & 0o777
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.at_home(env!("CARGO_BIN_EXE_cetar"));
        command.args(arguments);
        command
    }

    /// The server under limits that only a shell can set.
    pub(crate) fn serve_command_after(&self, shell: &str) -> Command {
        let mut command = self.at_home("sh");
        let program = env!("CARGO_BIN_EXE_cetar");
        command.args(["-c", &format!("{shell}; exec \"$0\" serve"), program]);
        command
    }

    fn at_home(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let ours = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CETAR_"));
        for (name, _) in ours {
            command.env_remove(name);
        }
        command
            .current_dir(self.path())
            .env("CETAR_DATA_DIR", self.data())
            .env("CETAR_LISTEN", "127.0.0.1:0")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { out: text(output.stdout), err: text(output.stderr), status: output.status }
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { out: text(output.stdout), err: text(output.stderr), status: output.status }
    }

    /// Starts the server and waits until it says that it listens.
    pub(crate) fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    pub(crate) fn serve_with(&self, arguments: &[&str]) -> Server {
        Server::start(self.command(&[&["serve"], arguments].concat()))
    }

    /// A home that has been served once, and the test key of that first run.
    pub(crate) fn served_once(self) -> (Self, String) {
        let server = self.serve();
        let key = server.test_key();
        assert!(server.stop().success());
        (self, key)
    }
}

/// A running server. Killed when dropped.
pub(crate) struct Server {
    child: Option<Child>,
    /// Everything it printed up to and with the line that it listens.
    pub said: String,
    pub url: String,
    pub address: SocketAddr,
    log: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (errors, kept) = (child.stderr.take().unwrap(), Arc::clone(&log));
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                kept.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let said = Self::until_listening(&mut out);
        let Some(url) = said.lines().find_map(|line| line.strip_prefix("Cetar is listening on ")) else {
            let status = child.wait().unwrap();
            reader.join().unwrap();
            panic!("it did not start ({status}):\n{said}\n{}", log.lock().unwrap());
        };
        let url = url.split(' ').next().unwrap().to_owned();
        let address = url.rsplit('/').next().unwrap().parse().unwrap();
        // Goes on reading, so that the server never waits for a full pipe.
        let rest = std::thread::spawn(move || drop(out.read_to_end(&mut Vec::new())));
        Self { child: Some(child), said, url, address, log, readers: vec![reader, rest] }
    }

    fn until_listening(out: &mut BufReader<ChildStdout>) -> String {
        let mut said = String::new();
        while out.read_line(&mut said).unwrap() > 0 {
            if said.lines().last().unwrap().starts_with("Cetar is listening on ") {
                break;
            }
        }
        said
    }

    pub(crate) fn pid(&self) -> nix::unistd::Pid {
        let id = self.child.as_ref().unwrap().id();
        nix::unistd::Pid::from_raw(i32::try_from(id).unwrap())
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(self.pid(), signal).unwrap();
    }

    /// Asks it to stop and waits.
    pub(crate) fn stop(self) -> ExitStatus {
        self.signal(nix::sys::signal::Signal::SIGTERM);
        self.wait().0
    }

    /// Waits for its end; also what it wrote to its log.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let status = self.child.take().unwrap().wait().unwrap();
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
        (status, self.log.lock().unwrap().clone())
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The key that the first run printed.
    pub(crate) fn test_key(&self) -> String {
        let word = self.said.split_whitespace().find(|word| word.starts_with("sk_test_"));
        word.unwrap_or_else(|| panic!("no key in:\n{}", self.said)).to_owned()
    }

    /// One request by plain HTTP/1.1: status and body.
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> (u16, Value) {
        let body = body.map(Value::to_string).unwrap_or_default();
        let authorization = key.map(|key| format!("Authorization: Bearer {key}\r\n")).unwrap_or_default();
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{authorization}Content-Type: application/json\r\nAccept-Language: en\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::String(body.to_owned())))
    }

    pub(crate) fn get(&self, path: &str, key: &str) -> (u16, Value) {
        self.request("GET", path, Some(key), None)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The exit code, or the signal that ended it.
pub(crate) fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap())
}

/// Every file below a folder, with its contents.
pub(crate) fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    found.sort();
    found
}

/// The document's first example.
pub(crate) fn hello() -> Value {
    serde_json::json!({
        "channel": "whatsapp",
        "type": "text",
        "to": "6281234567890",
        "content": { "text": "Halo! Ini pesan teks dari Cetar API." }
    })
}
