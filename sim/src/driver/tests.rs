//! The driver with everything in it: restarts, random scenarios, policies that settle.

mod generate;
mod random;
mod restart;
mod saved;
mod settle;

use crate::oracle::Mode;
use crate::run::{Options, Prepared, Running, Source, Unready};

/// A scenario of this text, if it is sound.
fn read(text: &str) -> Result<Prepared, Unready> {
    let source = Source {
        text: text.to_owned(),
        file: "random.toml".to_owned(),
    };
    Prepared::new(&source, &[], None)
}

/// A scenario of this text; it is sound.
#[track_caller]
fn prepare(text: &str) -> Prepared {
    read(text).unwrap_or_else(|unready| panic!("{unready}\n{text}"))
}

/// A run of it that keeps its store.
fn begin(prepared: &Prepared, oracles: Mode, trace: bool) -> Running {
    let options = Options {
        oracles,
        trace,
        store: true,
        keep_all: true,
        ..Options::normal()
    };
    Running::new(prepared, &options)
}
