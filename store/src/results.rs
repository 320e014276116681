//! Results of runs: one packed row each.

use std::io::Read;

use diesel::prelude::*;
use domain::{id::RunId, result::RunResult};
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};

use crate::{
    Conn, Error, Result,
    conn::{Link, with},
    schema::run_results,
    types::{Key, Moment},
};

/// JSON, deflated (RFC 1950): results repeat themselves, and most of them are never looked at.
const DEFLATED: &str = "json+deflate";
const PLAIN: &str = "json";
/// Per statement: PostgreSQL takes 65 535 parameters, and a row has four.
const ROWS: usize = 16_000;

/// Records results. In the transaction that finished the runs, and only for those that [`crate::runs::finish`] answered.
pub async fn insert(conn: &mut Conn, results: &[(RunId, RunResult)]) -> Result<()> {
    let rows = results.iter().map(|(run, result)| Row::pack(*run, result)).collect::<Result<Vec<_>>>()?;
    match &mut conn.link {
        Link::Pg(object) => {
            for some in rows.chunks(ROWS) {
                let statement = diesel::insert_into(run_results::table).values(some);
                diesel_async::RunQueryDsl::execute(statement, &mut **object).await?;
            }
        }
        // Many rows in one statement of SQLite can only be built by diesel's blocking half.
        Link::Lite(object) => {
            let all = move |sqlite: &mut SqliteConnection| {
                diesel::RunQueryDsl::execute(diesel::insert_into(run_results::table).values(&rows), sqlite)
            };
            object.spawn_blocking(all).await?;
        }
    }
    Ok(())
}

/// The result of a run, if it has one.
pub async fn get(conn: &mut Conn, run: RunId) -> Result<Option<RunResult>> {
    let one = run_results::table.find((Moment(run.due_at()), Key(run)));
    let row: Option<Row> =
        with!(conn, |c| { diesel_async::RunQueryDsl::first(one.select(Row::as_select()), c) }).optional()?;
    row.map(|row| row.unpack()).transpose()
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = run_results)]
struct Row {
    due_at: Moment,
    run_id: Key<RunId>,
    encoding: String,
    packed: Vec<u8>,
}

impl Row {
    fn pack(run: RunId, result: &RunResult) -> Result<Self> {
        let mut deflate = ZlibEncoder::new(Vec::new(), Compression::fast());
        serde_json::to_writer(&mut deflate, result).map_err(Error::corrupt)?;
        let packed = deflate.finish().map_err(Error::corrupt)?;
        Ok(Self { due_at: Moment(run.due_at()), run_id: Key(run), encoding: DEFLATED.to_owned(), packed })
    }

    fn unpack(&self) -> Result<RunResult> {
        let json = match self.encoding.as_str() {
            PLAIN => self.packed.clone(),
            DEFLATED => {
                let mut json = Vec::new();
                ZlibDecoder::new(&self.packed[..]).read_to_end(&mut json).map_err(Error::corrupt)?;
                json
            }
            other => return Err(Error::corrupt(format!("a result in the encoding `{other}`"))),
        };
        serde_json::from_slice(&json).map_err(Error::corrupt)
    }
}
