//! What a database says of its own tables.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{Bool, Text};

use super::conn::Conn;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Int,
    Bool,
    Bytes,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// May be missing.
    pub(super) nullable: bool,
    /// Belongs to the primary key.
    pub(super) key: bool,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
    #[diesel(sql_type = Bool)]
    is_key: bool,
}

const SQLITE: &str = "SELECT t.name AS table_name, c.name AS column_name, c.type AS kind, \
    c.\"notnull\" = 0 AS nullable, c.pk > 0 AS is_key \
    FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c \
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\' \
    ORDER BY t.name, c.cid";

const POSTGRES: &str = "SELECT c.table_name::text AS table_name, c.column_name::text AS column_name, \
    c.data_type::text AS kind, c.is_nullable = 'YES' AS nullable, \
    EXISTS (SELECT 1 FROM information_schema.table_constraints AS k \
        JOIN information_schema.key_column_usage AS u USING (constraint_schema, constraint_name) \
        WHERE k.constraint_type = 'PRIMARY KEY' AND k.table_schema = c.table_schema \
          AND u.table_name = c.table_name AND u.column_name = c.column_name) AS is_key \
    FROM information_schema.columns AS c \
    JOIN information_schema.tables AS t USING (table_schema, table_name) \
    WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' \
      AND c.table_name NOT LIKE '\\_\\_%' \
    ORDER BY c.table_name, c.ordinal_position";

/// All tables but the migrations' own, with their columns in order.
pub(super) fn tables(conn: &mut Conn) -> QueryResult<BTreeMap<String, Vec<Column>>> {
    let sql = match conn {
        Conn::Sqlite(_) => SQLITE,
        Conn::Postgres(_) => POSTGRES,
    };
    let lines: Vec<Line> = diesel::sql_query(sql).load(conn)?;
    let mut tables: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for line in lines {
        let kind = match line.kind.to_lowercase().as_str() {
            "text" => Kind::Text,
            "bigint" => Kind::Int,
            "boolean" => Kind::Bool,
            "bytea" => Kind::Bytes,
            other => {
                let why = format!("{}.{}: {other}", line.table_name, line.column_name);
                return Err(Error::DeserializationError(why.into()));
            }
        };
        tables.entry(line.table_name).or_default().push(Column {
            name: line.column_name,
            kind,
            nullable: line.nullable,
            key: line.is_key,
        });
    }
    Ok(tables)
}
