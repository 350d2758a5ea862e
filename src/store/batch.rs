//! Many rows at once: no upsert and no list of values compiles on the enum, so one arm per backend.
//!
//! SQLite takes row after row by one prepared statement, which costs no round trip. PostgreSQL takes one
//! row by a prepared statement, and many in one statement.

/// Most rows of one statement; bound values are at most 65,535.
pub(super) const CHUNK: usize = 1_000;

/// Most values behind `IN`; SQLite binds at most 32,766.
pub(super) const MANY: usize = 5_000;

/// Inserts rows; a row that exists gets the values of these columns.
macro_rules! upsert {
    ($conn:expr, $table:ident, $rows:expr, $key:expr, [$($column:ident),+]) => {{
        use diesel::ExpressionMethods as _;
        use diesel::RunQueryDsl as _;
        use diesel::upsert::excluded;
        let rows = $rows;
        let set = || ($($table::$column.eq(excluded($table::$column)),)+);
        match $conn {
            $crate::store::conn::Conn::Sqlite(conn) => {
                for row in rows {
                    diesel::insert_into($table::table)
                        .values(row)
                        .on_conflict($key)
                        .do_update()
                        .set(set())
                        .execute(conn)?;
                }
            }
            $crate::store::conn::Conn::Postgres(conn) => {
                if let [row] = &rows[..] {
                    diesel::insert_into($table::table)
                        .values(row)
                        .on_conflict($key)
                        .do_update()
                        .set(set())
                        .execute(conn)?;
                } else {
                    for rows in rows.chunks($crate::store::batch::CHUNK) {
                        diesel::insert_into($table::table)
                            .values(rows)
                            .on_conflict($key)
                            .do_update()
                            .set(set())
                            .execute(conn)?;
                    }
                }
            }
        }
    }};
}

/// Inserts rows that do not exist.
macro_rules! insert {
    ($conn:expr, $table:ident, $rows:expr) => {{
        use diesel::RunQueryDsl as _;
        let rows = $rows;
        match $conn {
            $crate::store::conn::Conn::Sqlite(conn) => {
                for row in rows {
                    diesel::insert_into($table::table)
                        .values(row)
                        .execute(conn)?;
                }
            }
            $crate::store::conn::Conn::Postgres(conn) => {
                if let [row] = &rows[..] {
                    diesel::insert_into($table::table)
                        .values(row)
                        .execute(conn)?;
                } else {
                    for rows in rows.chunks($crate::store::batch::CHUNK) {
                        diesel::insert_into($table::table)
                            .values(rows)
                            .execute(conn)?;
                    }
                }
            }
        }
    }};
}

pub(super) use {insert, upsert};
