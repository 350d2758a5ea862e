//! Shapes of virtual machines: a file `flavor,vcpu,mem_gb`.

use std::io::Read;
use std::path::Path;

use nimbus_core::units::{Bytes, Cpu, Resources};

use super::Problem;
use super::lines::{Lines, fields, shown};
use crate::scenario::{Flavor, is_slug};

const COLUMNS: [&str; 3] = ["flavor", "vcpu", "mem_gb"];
/// Flavors of a trace.
pub const FLAVORS_MAX: usize = 250;
/// Characters of a flavor's name: with its app it names a service.
const NAME_MAX: usize = 9;

/// Reads flavors, in order of name.
///
/// # Errors
/// The first thing that is wrong.
pub fn read(path: &Path, name: &str) -> Result<Vec<Flavor>, Problem> {
    parse(Lines::open(path, name)?)
}

/// Reads flavors from any source of bytes.
///
/// # Errors
/// The first thing that is wrong.
pub fn read_from(source: impl Read + 'static, name: &str) -> Result<Vec<Flavor>, Problem> {
    parse(Lines::of(source, name)?)
}

fn parse(mut lines: Lines) -> Result<Vec<Flavor>, Problem> {
    let places = lines.header(COLUMNS)?;
    let mut flavors: Vec<Flavor> = Vec::new();
    while let Some(line) = lines.next()? {
        let flavor = match flavor(line, &places) {
            Ok(flavor) => flavor,
            Err((key, message)) => return Err(lines.problem(key, message)),
        };
        if flavors.iter().any(|other| other.name == flavor.name) {
            return Err(lines.problem("flavor", format!("{:?} is there twice", flavor.name)));
        }
        if flavors.len() == FLAVORS_MAX {
            return Err(lines.problem("", format!("expected at most {FLAVORS_MAX} flavors")));
        }
        flavors.push(flavor);
    }
    if flavors.is_empty() {
        return Err(lines.problem(
            "",
            "has no row after its header: expected at least one flavor",
        ));
    }
    flavors.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(flavors)
}

fn flavor(line: &[u8], places: &[usize; 3]) -> Result<Flavor, (&'static str, String)> {
    let Some(found) = fields(line, places) else {
        return Err((
            "",
            format!("\"{}\" is cut short: expected 3 fields", shown(line)),
        ));
    };
    let [name, vcpu, gib] = found.map(|field| String::from_utf8_lossy(field).trim().to_owned());
    // A flavor follows "<app>-", so it may begin with a digit.
    if name.is_empty() || name.len() > NAME_MAX || !is_slug(&format!("f{name}"), NAME_MAX + 1) {
        let expected =
            format!("expected at most {NAME_MAX} lower-case letters, digits and hyphens");
        return Err(("flavor", format!("\"{}\": {expected}", shown(found[0]))));
    }
    let plain = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    let cpu = Cpu::parse(&vcpu)
        .ok()
        .filter(|cpu| plain(&vcpu) && cpu.0 > 0);
    let memory = Bytes::parse(&format!("{gib}Gi"))
        .ok()
        .filter(|bytes| plain(&gib) && bytes.0 > 0);
    let bad = |column, place: usize, expected: &str| {
        (
            column,
            format!("\"{}\": expected {expected}", shown(found[place])),
        )
    };
    let cpu = cpu.ok_or_else(|| bad("vcpu", 1, "cores above 0, as in 2 or 0.5"))?;
    let memory = memory.ok_or_else(|| bad("mem_gb", 2, "GiB above 0, as in 4 or 1.75"))?;
    Ok(Flavor {
        name: name.into(),
        requests: Resources::pod(cpu, memory),
    })
}
