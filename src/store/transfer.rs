//! The whole database as a file, and back: between versions of a server and between the two databases.
//!
//! A gzip file of lines: a header, one line per row (`{"table":…,"row":{…}}`), and at the end how many rows
//! there were and the SHA-256 over all lines before. Tables and columns are read from the database's own
//! catalogue, so that no table can be forgotten. The same rows give the same bytes, whichever database they
//! come from.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};

use diesel::connection::{DefaultLoadingMode, SimpleConnection};
use diesel::pg::PgRowByRowLoadingMode;
use diesel::prelude::*;
use diesel::sql_types::Text;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use nimbus_core::digest::hex;
use nimbus_core::store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Store;
use super::catalogue::{Column, Kind, tables};
use super::conn::{Conn, Role};
use super::fault::{Fault, told};
use super::group;
use super::handle::begin_snapshot;

/// Version of the file's form.
const FORM: u32 = 1;
/// Rows that one statement inserts.
const STEP: usize = 500;

/// Why a database was not exported or imported.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The store said no.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The file cannot be read or written.
    #[error("{0}")]
    File(#[from] std::io::Error),
    /// The file is not what it should be.
    #[error("line {line}: {why}")]
    Broken {
        /// Where, counted from 1.
        line: u64,
        /// What is wrong.
        why: String,
    },
    /// There is something in the database already.
    #[error("the database holds rows already ({0}): import into an empty one")]
    NotEmpty(String),
}

/// What was carried over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    /// Rows in all.
    pub rows: u64,
    /// SHA-256 over the lines, hex.
    pub sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    nimbus_store: u32,
    tables: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    table: String,
    row: BTreeMap<String, Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Footer {
    rows: u64,
    sha256: String,
}

#[derive(QueryableByName)]
struct Text1 {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Lines on their way out, counted and hashed.
struct Lines<W: Write> {
    out: GzEncoder<W>,
    hash: Sha256,
    rows: u64,
}

impl<W: Write> Lines<W> {
    fn put(&mut self, line: &impl Serialize) -> std::io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.hash.update(&text);
        self.out.write_all(&text)
    }
}

impl Store {
    /// Writes every row, as of one instant, while others go on.
    ///
    /// # Errors
    /// See [`TransferError`].
    pub fn export(&self, out: impl Write) -> Result<Transferred, TransferError> {
        let dialled = self.inner.target.dial(Role::Reader);
        let mut conn = dialled.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        begin_snapshot(&mut conn).map_err(|error| told(&error))?;
        let tables = tables(&mut conn).map_err(|error| told(&error))?;
        let mut lines = Lines {
            out: GzEncoder::new(out, Compression::default()),
            hash: Sha256::new(),
            rows: 0,
        };
        lines.put(&Header {
            nimbus_store: FORM,
            tables: tables.keys().cloned().collect(),
        })?;
        for (table, columns) in &tables {
            export_table(&mut conn, table, columns, &mut lines)?;
        }
        let footer = Footer {
            rows: lines.rows,
            sha256: hex(&lines.hash.clone().finalize()),
        };
        lines.put(&footer)?;
        lines.out.finish()?.flush()?;
        Ok(Transferred {
            rows: footer.rows,
            sha256: footer.sha256,
        })
    }

    /// Reads every row into an empty database, all or nothing. `open` is called twice: the checksum is
    /// looked at before anything is written.
    ///
    /// # Errors
    /// See [`TransferError`].
    pub fn import<R: Read>(
        &self,
        open: impl Fn() -> std::io::Result<R>,
    ) -> Result<Transferred, TransferError> {
        let transferred = checked(open()?)?;
        let mut failed = None;
        let imported = self.write(|conn| {
            let source = open().map_err(TransferError::from);
            match source.and_then(|source| import_all(conn, source)) {
                Ok(()) => Ok(()),
                Err(error) => {
                    let why = StoreError::Refused(error.to_string());
                    failed = Some(error);
                    Err(Fault::Told(why))
                }
            }
        });
        match (imported, failed) {
            (Ok(()), _) => Ok(transferred),
            (Err(_), Some(error)) => Err(error),
            (Err(error), None) => Err(TransferError::Store(error)),
        }
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A SELECT that gives each row as one JSON text, in order of the key.
fn select(conn: &Conn, table: &str, columns: &[Column]) -> String {
    let value = |column: &Column| {
        let name = quoted(&column.name);
        match (conn, column.kind) {
            (Conn::Sqlite(_), Kind::Bool) => {
                format!("json(CASE WHEN {name} THEN 'true' ELSE 'false' END)")
            }
            (Conn::Sqlite(_), Kind::Bytes) => format!("lower(hex({name}))"),
            (Conn::Postgres(_), Kind::Bytes) => format!("encode({name}, 'hex')"),
            _ => name,
        }
    };
    let fields = columns
        .iter()
        .map(|column| format!("'{}', {}", column.name, value(column)));
    let fields: Vec<String> = fields.collect();
    let key = columns.iter().filter(|column| column.key);
    let key: Vec<String> = key.map(|column| quoted(&column.name)).collect();
    let object = match conn {
        Conn::Sqlite(_) => "json_object",
        Conn::Postgres(_) => "json_build_object",
    };
    let cast = match conn {
        Conn::Sqlite(_) => "",
        Conn::Postgres(_) => "::text",
    };
    format!(
        "SELECT {object}({}){cast} AS line FROM {} ORDER BY {}",
        fields.join(", "),
        quoted(table),
        key.join(", ")
    )
}

fn export_table<W: Write>(
    conn: &mut Conn,
    table: &str,
    columns: &[Column],
    lines: &mut Lines<W>,
) -> Result<(), TransferError> {
    let query = diesel::sql_query(select(conn, table, columns));
    let mut put = |row: QueryResult<Text1>| -> Result<(), TransferError> {
        let row = row.map_err(|error| told(&error))?;
        let row = serde_json::from_str(&row.line).map_err(std::io::Error::from)?;
        let table = table.to_owned();
        lines.put(&Line { table, row })?;
        lines.rows += 1;
        Ok(())
    };
    match conn {
        Conn::Sqlite(conn) => {
            let rows = query.load_iter::<Text1, DefaultLoadingMode>(conn);
            rows.map_err(|error| told(&error))?.try_for_each(&mut put)
        }
        Conn::Postgres(conn) => {
            let rows = query.load_iter::<Text1, PgRowByRowLoadingMode>(conn);
            rows.map_err(|error| told(&error))?.try_for_each(&mut put)
        }
    }
}

fn broken(line: u64, why: impl Into<String>) -> TransferError {
    let why = why.into();
    TransferError::Broken { line, why }
}

/// Reads the file to its end and compares count and checksum.
fn checked(source: impl Read) -> Result<Transferred, TransferError> {
    let mut hash = Sha256::new();
    let mut before: Option<String> = None;
    let mut number = 0;
    for line in BufReader::new(MultiGzDecoder::new(source)).lines() {
        number += 1;
        let line = line.map_err(|error| broken(number, error.to_string()))?;
        if let Some(before) = before.replace(line) {
            hash.update(before.as_bytes());
            hash.update(b"\n");
        }
    }
    let last = before.ok_or_else(|| broken(1, "the file is empty"))?;
    let footer: Footer = serde_json::from_str(&last)
        .map_err(|_| broken(number, "the end is missing: the file was cut"))?;
    if footer.sha256 != hex(&hash.finalize()) {
        return Err(broken(number, "the checksum differs: the file was changed"));
    }
    if footer.rows + 2 != number {
        return Err(broken(number, "another number of rows than it says"));
    }
    Ok(Transferred {
        rows: footer.rows,
        sha256: footer.sha256,
    })
}

fn import_all(conn: &mut Conn, source: impl Read) -> Result<(), TransferError> {
    let known = tables(conn).map_err(|error| told(&error))?;
    refuse_rows(conn, &known)?;
    let mut batch: Vec<BTreeMap<String, Value>> = Vec::new();
    let mut at = String::new();
    let mut lines = BufReader::new(MultiGzDecoder::new(source)).lines().zip(1..);
    let first = lines.next().map(|(line, _)| line).transpose()?;
    let header: Header = serde_json::from_str(&first.unwrap_or_default())
        .map_err(|_| broken(1, "this is no export of a store"))?;
    if header.nimbus_store != FORM {
        let why = format!("form {} is not known here", header.nimbus_store);
        return Err(broken(1, why));
    }
    for (line, number) in lines {
        let Ok(line) = serde_json::from_str::<Line>(&line?) else {
            break; // the end, which was looked at before
        };
        if !known.contains_key(&line.table) {
            let why = format!("no table `{}` here: is this nimbus older?", line.table);
            return Err(broken(number, why));
        }
        if line.table != at || batch.len() == STEP {
            insert(conn, &known, &at, &mut batch)?;
            at = line.table;
        }
        batch.push(line.row);
    }
    insert(conn, &known, &at, &mut batch)
}

/// A database that never saw a group has two rows, which the file brings too.
fn refuse_rows(
    conn: &mut Conn,
    known: &BTreeMap<String, Vec<Column>>,
) -> Result<(), TransferError> {
    let last = group::last(conn).map_err(|error| told(&error))?;
    if last.is_some() {
        return Err(TransferError::NotEmpty("last_group".to_owned()));
    }
    for table in known.keys() {
        if ["last_group", "leader_epoch"].contains(&table.as_str()) {
            let delete = format!("DELETE FROM {}", quoted(table));
            conn.batch_execute(&delete).map_err(|error| told(&error))?;
            continue;
        }
        let one = format!("SELECT 'x' AS line FROM {} LIMIT 1", quoted(table));
        let rows: Vec<Text1> = diesel::sql_query(one)
            .load(conn)
            .map_err(|error| told(&error))?;
        if !rows.is_empty() {
            return Err(TransferError::NotEmpty(table.clone()));
        }
    }
    Ok(())
}

fn insert(
    conn: &mut Conn,
    known: &BTreeMap<String, Vec<Column>>,
    table: &str,
    batch: &mut Vec<BTreeMap<String, Value>>,
) -> Result<(), TransferError> {
    let rows = std::mem::take(batch);
    let Some(columns) = known.get(table).filter(|_| !rows.is_empty()) else {
        return Ok(());
    };
    let names: Vec<String> = columns.iter().map(|column| quoted(&column.name)).collect();
    let values = columns.iter().map(|column| value(conn, column));
    let values: Vec<String> = values.collect();
    let from = match conn {
        Conn::Sqlite(_) => "json_each(?) AS it".to_owned(),
        Conn::Postgres(_) => "json_array_elements($1::json) AS it(value)".to_owned(),
    };
    let sql = format!(
        "INSERT INTO {} ({}) SELECT {} FROM {from}",
        quoted(table),
        names.join(", "),
        values.join(", ")
    );
    let json = serde_json::to_string(&rows).map_err(std::io::Error::from)?;
    let query = diesel::sql_query(sql).bind::<Text, _>(json);
    let inserted = query.execute(conn).map_err(|error| told(&error))?;
    debug_assert_eq!(inserted, rows.len());
    Ok(())
}

/// How a column is read out of a row's JSON.
fn value(conn: &Conn, column: &Column) -> String {
    let name = &column.name;
    match (conn, column.kind) {
        (Conn::Sqlite(_), Kind::Bytes) => format!("unhex(json_extract(it.value, '$.{name}'))"),
        (Conn::Sqlite(_), _) => format!("json_extract(it.value, '$.{name}')"),
        (Conn::Postgres(_), Kind::Bytes) => format!("decode(it.value ->> '{name}', 'hex')"),
        (Conn::Postgres(_), Kind::Int) => format!("(it.value ->> '{name}')::bigint"),
        (Conn::Postgres(_), Kind::Bool) => format!("(it.value ->> '{name}')::boolean"),
        (Conn::Postgres(_), Kind::Text) => format!("it.value ->> '{name}'"),
    }
}
