//! What a replica asks for and may take: quantities, instance types, defaults.

use nimbus_core::units::{Bytes, Cpu, MIB, Resources};

use super::faults::Faults;
use super::services::ServiceForm;

/// Instance types (S2-40): name, millicores, MiB.
pub const TYPES: [(&str, u64, u64); 6] = [
    ("nano", 500, 256),
    ("micro", 1_000, 512),
    ("small", 1_000, 1_024),
    ("medium", 2_000, 2_048),
    ("large", 4_000, 4_096),
    ("xlarge", 8_000, 8_192),
];

/// Requests and limits where nothing is said (S3-40).
const DEFAULT: Sized = Sized {
    requests: Resources::pod(Cpu(100), Bytes::mib(128)),
    cpu_limit: Cpu(500),
    memory_limit: Bytes::mib(512),
};

/// Least and most of a replica: 1 m and 1 MiB; 1,000 cores and 16 TiB.
const CPU: std::ops::RangeInclusive<u64> = 1..=1_000_000;
const MEMORY: std::ops::RangeInclusive<u64> = MIB..=16 << 40;

/// What a replica asks for and may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sized {
    /// What is reserved.
    pub requests: Resources,
    /// Most cpu.
    pub cpu_limit: Cpu,
    /// Most memory.
    pub memory_limit: Bytes,
}

/// Reads the fields about resources.
pub fn sized(form: &ServiceForm, faults: &mut Faults) -> Sized {
    let explicit = [
        ("cpu_limit", &form.cpu_limit),
        ("memory_limit", &form.memory_limit),
        ("cpu_request", &form.cpu_request),
        ("memory_request", &form.memory_request),
    ];
    if let Some(name) = &form.instance_type {
        for (path, given) in explicit {
            let text = "is not taken beside instance_type";
            faults.unless(given.is_none(), path, "conflict", text);
        }
        return of_type(name, faults);
    }
    let mut cpu =
        |path, text: &Option<String>| quantity(path, text, faults, Cpu::parse, |c| c.0, CPU);
    let (cpu_limit, cpu_request) = (
        cpu("cpu_limit", &form.cpu_limit),
        cpu("cpu_request", &form.cpu_request),
    );
    let mut memory =
        |path, text: &Option<String>| quantity(path, text, faults, Bytes::parse, |b| b.0, MEMORY);
    let (memory_limit, memory_request) = (
        memory("memory_limit", &form.memory_limit),
        memory("memory_request", &form.memory_request),
    );
    let (cpu_request, cpu_limit) = pair(
        cpu_request,
        cpu_limit,
        (DEFAULT.requests.cpu, DEFAULT.cpu_limit),
    );
    let default = (DEFAULT.requests.memory, DEFAULT.memory_limit);
    let (memory_request, memory_limit) = pair(memory_request, memory_limit, default);
    let text = "is above the limit";
    faults.unless(cpu_request <= cpu_limit, "cpu_request", "too_large", text);
    faults.unless(
        memory_request <= memory_limit,
        "memory_request",
        "too_large",
        text,
    );
    Sized {
        requests: Resources::pod(cpu_request, memory_request),
        cpu_limit,
        memory_limit,
    }
}

/// Each takes the other's value if it has none; both have the default if neither has one.
fn pair<T: Copy>(request: Option<T>, limit: Option<T>, default: (T, T)) -> (T, T) {
    match (request, limit) {
        (None, None) => default,
        (Some(one), None) | (None, Some(one)) => (one, one),
        (Some(request), Some(limit)) => (request, limit),
    }
}

fn of_type(name: &str, faults: &mut Faults) -> Sized {
    let known = TYPES.iter().find(|(known, _, _)| *known == name);
    let Some(&(_, cpu_m, mib)) = known else {
        let names: Vec<&str> = TYPES.iter().map(|(name, _, _)| *name).collect();
        let text = format!("expected {}", names.join(", "));
        faults.add("instance_type", "invalid", text);
        return DEFAULT;
    };
    let (cpu, memory) = (Cpu(cpu_m), Bytes::mib(mib));
    Sized {
        requests: Resources::pod(cpu, memory),
        cpu_limit: cpu,
        memory_limit: memory,
    }
}

fn quantity<T: Copy, E: ToString>(
    path: &str,
    text: &Option<String>,
    faults: &mut Faults,
    parse: fn(&str) -> Result<T, E>,
    amount: fn(T) -> u64,
    range: std::ops::RangeInclusive<u64>,
) -> Option<T> {
    let value = faults.take(path, parse(text.as_deref()?))?;
    let fits = range.contains(&amount(value));
    let text = match path.starts_with("cpu") {
        true => "expected 1m to 1000 cores",
        false => "expected 1Mi to 16Ti",
    };
    faults.unless(fits, path, "out_of_range", text);
    fits.then_some(value)
}
