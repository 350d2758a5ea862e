//! Clock, random bytes, tasks, process figures and signals: nowhere else.
//!
//! What stands here may differ between two runs, so it never reaches a machine or the deterministic part
//! of a report.

use std::fs;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use nimbus_core::time::Time;
use serde::Serialize;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Ticks of the kernel's accounting per second: fixed at 100 for user space on Linux.
const TICKS_PER_S: u64 = 100;

/// Steps of the calibration loop.
const CALIBRATION_STEPS: u64 = 1_000_000;

/// Wall time: for tokens, limits and deadlines, never for a machine.
///
/// # Panics
/// When the system's clock stands before 1970 or after the year 292,000.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the home of the clock")]
pub fn now() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let micros = since.expect("the clock stands after 1970").as_micros();
    Time(
        micros
            .try_into()
            .expect("the clock is before the year 292,000"),
    )
}

/// Bytes that nobody can guess, from the system: for keys, tokens and request ids.
///
/// # Panics
/// When the system gives none; nothing that is secret can be made then.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.expect("the system gives random bytes");
    bytes
}

/// HMAC-SHA-256 of a text: for what is handed out and must come back unchanged.
#[must_use]
pub fn mac(key: &[u8; 32], text: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text);
    let mut bytes = [0; 32];
    bytes.copy_from_slice(tag.as_ref());
    bytes
}

/// Runs what blocks (the store, a fork) beside the async threads.
///
/// # Errors
/// The task's panic, in words.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.map_err(|error| error.to_string())
}

/// Starts a task on the runtime of the caller.
pub fn spawn<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    tokio::spawn(task)
}

/// A thread of its own.
pub type Thread<T> = std::thread::JoinHandle<T>;

/// Starts a thread of its own: for what lives as long as the service does.
///
/// # Errors
/// The system has none left.
pub fn thread<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<Thread<T>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run)
}

/// Returns when the process is asked to end: by Ctrl-C, or as a service manager does.
///
/// # Errors
/// Signals cannot be taken.
pub async fn asked_to_end() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        biased;
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Measures from its start.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    started: Instant,
    cpu: Duration,
}

impl Stopwatch {
    /// Starts to measure.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the home of the clock")]
    pub fn start() -> Stopwatch {
        Stopwatch {
            started: Instant::now(),
            cpu: cpu_time(),
        }
    }

    /// Wall time since the start.
    #[must_use]
    pub fn wall(&self) -> Duration {
        self.started.elapsed()
    }

    /// CPU time of this process since the start, all threads, in steps of 10 ms.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        cpu_time().saturating_sub(self.cpu)
    }
}

/// What one command cost, and where. The only part of a report that may differ between two runs.
#[derive(Clone, Debug, Serialize)]
pub struct RunFigures {
    /// Wall time, milliseconds.
    pub wall_ms: u64,
    /// CPU time of all threads, milliseconds.
    pub cpu_ms: u64,
    /// Largest resident memory of the process so far, bytes; 0 where the system does not tell.
    pub peak_memory_bytes: u64,
    /// Time of one step of a fixed integer loop, picoseconds: how fast this machine was just now.
    pub calibration_step_ps: u64,
    /// Where it ran.
    pub host: Host,
}

/// Where a command ran.
#[derive(Clone, Debug, Serialize)]
pub struct Host {
    /// Operating system.
    pub os: &'static str,
    /// Instruction set.
    pub arch: &'static str,
    /// Cores that the process may use.
    pub cores: usize,
}

impl RunFigures {
    /// Reads the figures since the stopwatch was started, and calibrates (a few milliseconds).
    #[must_use]
    pub fn since(start: &Stopwatch) -> RunFigures {
        let millis = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        RunFigures {
            wall_ms: millis(start.wall()),
            cpu_ms: millis(start.cpu()),
            peak_memory_bytes: peak_memory(),
            calibration_step_ps: calibrate(),
            host: host(),
        }
    }
}

/// The machine that this process runs on.
#[must_use]
pub fn host() -> Host {
    Host {
        os: std::env::consts::OS,
        arch: std::env::consts::ARCH,
        cores: cores(),
    }
}

/// Cores that this process may use; 1 where the system does not tell.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Time of one step of a dependent multiply and xor, picoseconds.
#[must_use]
pub fn calibrate() -> u64 {
    let start = Stopwatch::start();
    let mut x = 0x9E37_79B9_7F4A_7C15_u64;
    for step in 0..CALIBRATION_STEPS {
        x = (x ^ step)
            .wrapping_mul(0xD6E8_FEB8_6659_FD93)
            .rotate_left(29);
    }
    std::hint::black_box(x);
    let picoseconds = start.wall().as_nanos() * 1000 / u128::from(CALIBRATION_STEPS);
    u64::try_from(picoseconds).unwrap_or(u64::MAX)
}

/// Largest resident memory of this process so far, bytes; 0 where the system does not tell.
#[must_use]
pub fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    peak_from(&status)
}

fn peak_from(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0).saturating_mul(1024)
}

fn cpu_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    Duration::from_millis(ticks_from(&stat).saturating_mul(1000 / TICKS_PER_S))
}

/// User and system ticks: fields 14 and 15, counted behind the name, which may hold spaces.
fn ticks_from(stat: &str) -> u64 {
    let behind = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<&str> = behind.split_whitespace().collect();
    let field = |at: usize| {
        fields
            .get(at)
            .and_then(|f| f.parse::<u64>().ok())
            .unwrap_or(0)
    };
    field(11).saturating_add(field(12))
}

/// Takes Ctrl-C from now on: the first one asks the command to stop, the second ends the process.
pub fn catch_interrupts() {
    let installed = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            leave();
        }
    });
    // without a handler Ctrl-C ends the process, as it does everywhere
    drop(installed);
}

#[expect(
    clippy::disallowed_methods,
    reason = "the second Ctrl-C of an impatient user has nobody to return to"
)]
fn leave() {
    std::process::exit(130);
}

/// Whether Ctrl-C was pressed.
#[must_use]
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_the_process_are_read() {
        let stat = "12 (a) b) c) R 1 2 3 4 5 6 7 8 9 10 31 11 0 0 20";
        assert_eq!(ticks_from(stat), 42);
        assert_eq!(ticks_from(""), 0);
        assert_eq!(peak_from("VmPeak: 9 kB\nVmHWM:\t    7 kB\n"), 7 * 1024);
        assert_eq!(peak_from("nothing"), 0);
    }

    #[test]
    fn the_calibration_takes_some_time() {
        assert!(calibrate() > 0);
    }
}
