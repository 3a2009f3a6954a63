//! Proof of the master key: for every key that ever sealed something here, `meta` holds a row that only this key opens.
//! While one of them cannot be opened, neither can some secret, and the store does not open.

use std::sync::Arc;

use crate::{
    OpenError,
    db::{Conn, Context, execute, fetch_all},
    seal::Place,
    statement::{Sql, statements},
};

const WORDS: &[u8] = b"the master key is the right one";

/// No other node notes a proof meanwhile. SQLite has one writer anyway.
const ALONE: Sql = Sql::postgres_only("LOCK TABLE meta IN SHARE ROW EXCLUSIVE MODE");

statements! {
    PROOFS = "SELECT key, value FROM meta WHERE key >= 'master_key:' AND key < 'master_key;'";
    BEGIN = "BEGIN";
    COMMIT = "COMMIT";
    ROLLBACK = "ROLLBACK";
    NOTE = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
}

/// Opens every proof there is.
pub(crate) async fn prove(conn: &mut Conn, ctx: &Arc<Context>) -> Result<(), OpenError> {
    let proofs = fetch_all!(conn, (String, Vec<u8>), PROOFS).map_err(OpenError::writing)?;
    let opens = |(key, value): &(String, Vec<u8>)| {
        ctx.sealer.open(place(&[key.as_bytes()]), value).is_some_and(|words| words == WORDS)
    };
    if proofs.iter().all(opens) { Ok(()) } else { Err(OpenError::WrongMasterKey) }
}

/// Leaves a proof of the key that seals from now on, unless another node was faster, with another key: then nothing is left.
pub(crate) async fn note(conn: &mut Conn, ctx: &Arc<Context>) -> Result<(), OpenError> {
    execute!(conn, BEGIN).map_err(OpenError::writing)?;
    let noted = leave_proof(conn, ctx).await;
    let end = if noted.is_ok() { execute!(conn, COMMIT) } else { execute!(conn, ROLLBACK) };
    noted.and(end.map(drop).map_err(OpenError::writing))
}

async fn leave_proof(conn: &mut Conn, ctx: &Arc<Context>) -> Result<(), OpenError> {
    if let Conn::Postgres(_) = conn {
        execute!(conn, ALONE).map_err(OpenError::writing)?;
    }
    let id = ctx.sealer.sealing_key().ok_or(OpenError::WrongMasterKey)?;
    let key = format!("master_key:{id}");
    let proof = ctx.sealer.seal(ctx.ids.random(), place(&[key.as_bytes()]), WORDS);
    execute!(conn, NOTE, &key, proof.ok_or(OpenError::WrongMasterKey)?).map_err(OpenError::writing)?;
    prove(conn, ctx).await
}

const fn place<'a>(row: &'a [&'a [u8]]) -> Place<'a> {
    Place { table: "meta", column: "value", row }
}
