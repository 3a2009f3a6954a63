//! Keys that stand alone.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use url::Url;

use super::{Secret, section::section};

section! {
    /// The keys that stand at the top of the file, before any section.
    pub(crate) struct General in "" {
        /// The address and port to answer on. Port 0 takes any free one; the line printed at the start says which.
        /// Off the loopback the server starts only with TLS (`tls.cert` and `tls.key`) or behind a proxy that ends TLS (`proxy.trusted`).
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)), "an address and a port, as in \"127.0.0.1:8080\" or \"[::1]:8080\"";
        /// Where the database, the master key, received media and the command line's socket are kept. Made with mode 0700 if it
        /// is not there. A relative path is taken from the directory the program is started in.
        data_dir: PathBuf = PathBuf::from("data"), "a folder, as in \"/var/lib/cetar\"";
        /// The database: `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST/NAME`. Not set: SQLite, in the file `cetar.db` of the data directory.
        database_url: Option<Secret> = None, "a database URL, as in \"sqlite:/var/lib/cetar/cetar.db\" or \"postgres://USER:PASSWORD@HOST/NAME\"";
        /// The address people and networks reach this server by, for links, callbacks and every `media_url`. Not set: made from `listen`,
        /// which will not do for a server that listens on every address or behind a proxy: off the loopback that refuses to start.
        public_url: Option<Url> = None, "a URL, as in \"https://wa.example.com\"";
    }
}
