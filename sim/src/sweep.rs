//! Sweeps: many runs of one scenario over a grid of parameters and seeds.
//!
//! Parallelism is across runs, never inside one: workers take the next run from a counter and put its
//! figures into the place that belongs to it, so the result is the same on any number of threads. Traces
//! are parsed once and shared.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use nimbus_core::digest::{EventHash, hex};

use crate::report::{Header, Knob, Point, Setting, Stamp, Sweep, Trial};
use crate::run::{Figures, Options, Prepared, Source, Unready, figures};
use crate::scenario::Override;
use crate::size::Objective;

/// Most runs of one sweep.
pub const RUNS_MAX: usize = 100_000;

/// Dotted keys and the values to try, as in `--set`.
pub type Grid = Vec<(String, Vec<String>)>;

/// Why a sweep cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum BadSweep {
    /// A key without values, or twice.
    #[error("--grid {key}: {why}")]
    Grid {
        /// The key.
        key: String,
        /// What was expected.
        why: &'static str,
    },
    /// Too many runs.
    #[error("the grid has {0} runs; expected at most {RUNS_MAX}")]
    TooMany(usize),
    /// A value is refused.
    #[error(transparent)]
    Unready(#[from] Unready),
}

/// Reads `key=a,b,c`.
///
/// # Errors
/// No `=`, an empty key, or no value.
pub fn parse_axis(text: &str) -> Result<(String, Vec<String>), BadSweep> {
    let bad = |why| BadSweep::Grid {
        key: text.to_owned(),
        why,
    };
    let (key, values) = text
        .split_once('=')
        .ok_or_else(|| bad("expected key=a,b,c"))?;
    let values: Vec<String> = values
        .split(',')
        .map(|value| value.trim().to_owned())
        .collect();
    if key.trim().is_empty() || values.iter().any(String::is_empty) {
        return Err(bad("expected key=a,b,c with no empty part"));
    }
    Ok((key.trim().to_owned(), values))
}

/// All combinations, the last key fastest.
fn product(grid: &Grid) -> Result<Vec<Vec<String>>, BadSweep> {
    for (place, (key, values)) in grid.iter().enumerate() {
        let why = if values.is_empty() {
            Some("expected at least one value")
        } else {
            None
        };
        let twice = grid[..place].iter().any(|(other, _)| other == key);
        if let Some(why) = why.or(twice.then_some("given twice")) {
            return Err(BadSweep::Grid {
                key: key.clone(),
                why,
            });
        }
    }
    let size = grid
        .iter()
        .try_fold(1usize, |size, (_, values)| size.checked_mul(values.len()));
    let size = size
        .filter(|size| *size <= RUNS_MAX)
        .ok_or(BadSweep::TooMany(usize::MAX))?;
    Ok((0..size).map(|index| combination(grid, index)).collect())
}

fn combination(grid: &Grid, index: usize) -> Vec<String> {
    let mut rest = index;
    let mut values: Vec<String> = grid
        .iter()
        .rev()
        .map(|(_, values)| {
            let value = values[rest % values.len()].clone();
            rest /= values.len();
            value
        })
        .collect();
    values.reverse();
    values
}

/// A point of the grid, or why it is refused.
type Ready = Result<Prepared, Unready>;

/// What one run gave.
type Outcome = Result<(Figures, EventHash, u64), String>;

/// Runs a sweep on `threads` threads; `done` is told how many runs are finished and returns whether to
/// go on. The result does not depend on the number of threads.
///
/// A point that the scenario refuses, such as thresholds that must oscillate, is listed with the reason.
///
/// # Errors
/// A grid that cannot be run; if every point is refused, the first refusal.
pub fn sweep(
    source: &Source,
    set: &[Override],
    grid: &Grid,
    seeds: u32,
    threads: usize,
    mut done: impl FnMut(usize, usize) -> bool,
) -> Result<Sweep, BadSweep> {
    let base = Prepared::new(source, set, None)?;
    let combinations = product(grid)?;
    let total = combinations.len().saturating_mul(seeds as usize);
    if total > RUNS_MAX {
        return Err(BadSweep::TooMany(total));
    }
    let mut prepared = Vec::with_capacity(combinations.len());
    for values in &combinations {
        let point = grid.iter().zip(values);
        let point = point.map(|((key, _), value)| Override {
            key: key.clone(),
            value: value.clone(),
        });
        let all: Vec<Override> = set.iter().cloned().chain(point).collect();
        prepared.push(Prepared::new(source, &all, Some(&base.data)));
    }
    if prepared.iter().all(Result::is_err)
        && let Some(first) = prepared.iter().find_map(|point| point.as_ref().err())
    {
        return Err(first.clone().into());
    }
    let jobs: Vec<(usize, u64)> = (0..prepared.len())
        .flat_map(|point| {
            let seeds = seeds_of(prepared[point].as_ref().unwrap_or(&base), seeds);
            seeds.map(move |seed| (point, seed))
        })
        .collect();
    let outcomes = run_all(&prepared, &jobs, threads, &mut done);
    Ok(document(
        &base,
        grid,
        &combinations,
        &prepared,
        &jobs,
        outcomes,
    ))
}

/// The scenario's seed and those that follow.
fn seeds_of(prepared: &Prepared, seeds: u32) -> impl Iterator<Item = u64> + use<> {
    let first = prepared.scenario.head.seed;
    (0..seeds).map(move |seed| first.wrapping_add(u64::from(seed)))
}

fn run_all(
    prepared: &[Ready],
    jobs: &[(usize, u64)],
    threads: usize,
    done: &mut impl FnMut(usize, usize) -> bool,
) -> Vec<Option<Outcome>> {
    let next = AtomicUsize::new(0);
    let mut outcomes: Vec<Option<Outcome>> = vec![None; jobs.len()];
    std::thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        for _ in 0..threads.clamp(1, 64) {
            let (tell, next) = (tell.clone(), &next);
            scope.spawn(move || {
                loop {
                    let job = next.fetch_add(1, Ordering::Relaxed);
                    let Some(&(point, seed)) = jobs.get(job) else {
                        return;
                    };
                    if tell.send((job, one(&prepared[point], seed))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tell);
        for (count, (job, outcome)) in told.iter().enumerate() {
            outcomes[job] = Some(outcome);
            if !done(count + 1, jobs.len()) {
                next.store(jobs.len(), Ordering::Relaxed);
            }
        }
    });
    outcomes
}

fn one(prepared: &Ready, seed: u64) -> Outcome {
    let prepared = prepared
        .as_ref()
        .map_err(|unready| unready.to_string().replace('\n', "; "))?;
    let options = Options {
        seed: Some(seed),
        ..Options::quick()
    };
    figures(prepared, &options).map_err(|fault| fault.to_string())
}

fn document(
    base: &Prepared,
    grid: &Grid,
    combinations: &[Vec<String>],
    prepared: &[Ready],
    jobs: &[(usize, u64)],
    outcomes: Vec<Option<Outcome>>,
) -> Sweep {
    let events = outcomes
        .iter()
        .flatten()
        .flatten()
        .map(|(_, _, events)| events)
        .sum();
    let finished = outcomes.iter().flatten().count();
    let mut trials: Vec<Vec<Trial>> = vec![Vec::new(); combinations.len()];
    let mut figures: Vec<Vec<Figures>> = vec![Vec::new(); combinations.len()];
    for ((point, seed), outcome) in jobs.iter().zip(outcomes) {
        if let Some(Ok((found, ..))) = &outcome {
            figures[*point].push(*found);
        }
        trials[*point].push(trial(*seed, outcome));
    }
    let every = combinations.iter().zip(trials).zip(&figures).zip(prepared);
    let mut points: Vec<Point> = Vec::with_capacity(combinations.len());
    for (((values, trials), figures), ready) in every {
        let mut point = Point::of(settings(grid, values), trials);
        let ready = ready.as_ref().ok();
        point.slo_met = ready.and_then(|prepared| slo_met(&point, figures, prepared));
        points.push(point);
    }
    let stopped =
        (finished < jobs.len()).then(|| format!("stopped after {finished} of {} runs", jobs.len()));
    let header = Header {
        events,
        partial: stopped,
        ..header(base)
    };
    let knob = |(key, values): &(String, Vec<String>)| Knob {
        key: key.clone(),
        values: values.clone(),
    };
    let first = jobs.iter().take_while(|(point, _)| *point == 0);
    let seeds = first.map(|(_, seed)| *seed).collect();
    Sweep::of(header, grid.iter().map(knob).collect(), seeds, points)
}

fn settings(grid: &Grid, values: &[String]) -> Vec<Setting> {
    grid.iter()
        .zip(values)
        .map(|((key, _), value)| Setting {
            key: key.clone(),
            value: value.clone(),
        })
        .collect()
}

/// Where a document of many runs comes from.
pub(crate) fn header(base: &Prepared) -> Header {
    let scenario = &base.scenario;
    Header {
        scenario: scenario.head.name.to_string(),
        title: scenario.head.title.to_string(),
        scenario_hash: hex(&scenario.hash()),
        seed: scenario.head.seed,
        set: base
            .set
            .iter()
            .map(|set| Setting {
                key: set.key.clone(),
                value: set.value.clone(),
            })
            .collect(),
        score: scenario.scheduler.score,
        build: env!("CARGO_PKG_VERSION").to_owned(),
        start: Stamp(scenario.head.start),
        duration_ms: scenario.head.duration.0 / 1_000,
        warm_up_ms: scenario.head.warm_up.0 / 1_000,
        currency: base.currency(),
        ..Header::default()
    }
}

fn trial(seed: u64, outcome: Option<Outcome>) -> Trial {
    match outcome {
        Some(Ok((figures, hash, _))) => Trial {
            seed,
            cost_minor: figures.cost_minor,
            violations_ppm: figures.violations_ppm,
            pending_p99_ms: figures.pending_p99_ms,
            actions: figures.scale_actions,
            peak_nodes: figures.peak_nodes,
            event_hash: hash.to_string(),
            error: None,
        },
        Some(Err(error)) => Trial {
            seed,
            error: Some(error),
            ..Trial::default()
        },
        None => Trial {
            seed,
            error: Some("not run: the sweep was stopped".to_owned()),
            ..Trial::default()
        },
    }
}

/// Whether every run of a point kept the promises; `None` without one.
fn slo_met(point: &Point, figures: &[Figures], prepared: &Prepared) -> Option<bool> {
    let objective = Objective::of(&prepared.scenario);
    let kept = || {
        figures
            .iter()
            .all(|found| objective.broken(found).is_none())
    };
    let all = figures.len() == point.trials.len();
    objective.promised().then(|| all && kept())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_is_the_product_with_the_last_key_fastest() {
        let grid = vec![parse_axis("a=1,2").unwrap(), parse_axis("b=x, y").unwrap()];
        assert_eq!(
            product(&grid).unwrap(),
            [["1", "x"], ["1", "y"], ["2", "x"], ["2", "y"]]
        );
    }

    #[test]
    fn a_grid_that_says_nothing_is_refused() {
        for bad in ["a", "=1", "a=", "a=1,,2"] {
            assert!(parse_axis(bad).is_err(), "{bad}");
        }
        let twice = vec![parse_axis("a=1").unwrap(), parse_axis("a=2").unwrap()];
        assert!(
            product(&twice)
                .unwrap_err()
                .to_string()
                .contains("given twice")
        );
    }
}
