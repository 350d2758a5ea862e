//! `[[load]]` of a scenario.

use super::Values;
use super::text::{listed, quoted, some, thousandths};
use crate::scenario::source::{AzureVm, Churn, ChurnShape, Load, Shape, Source};

pub(super) fn load(load: &Load) -> Values {
    let mut values = match &load.source {
        Source::Requests {
            target,
            shape: of,
            from,
            until,
            ..
        } => {
            let mut values = shape(of);
            values.insert("workload", quoted(target));
            values.insert("from", quoted(from));
            some(&mut values, "until", until.map(quoted));
            values
        }
        Source::Api {
            of,
            shape: goes,
            from,
            until,
        } => {
            let mut values = shape(goes);
            values.insert("match", quoted(of));
            values.insert("from", quoted(from));
            some(&mut values, "until", until.map(quoted));
            values
        }
        Source::AzureVm(vm) => azure_vm(vm),
        Source::Churn(of) => churn(of),
    };
    values.insert("name", quoted(&load.name));
    values
}

fn shape(shape: &Shape) -> Values {
    match shape {
        Shape::Constant { rate } => {
            Values::from([("source", quoted("constant")), ("rate", thousandths(*rate))])
        }
        Shape::Step { rate, steps } => {
            let step = |(at, rate): &(nimbus_core::time::Span, u64)| {
                format!("{{ at = {}, rate = {} }}", quoted(at), thousandths(*rate))
            };
            Values::from([
                ("source", quoted("step")),
                ("rate", thousandths(*rate)),
                ("steps", listed(steps.iter().map(step))),
            ])
        }
        Shape::Ramp { low, high, over } => Values::from([
            ("source", quoted("ramp")),
            ("low", thousandths(*low)),
            ("high", thousandths(*high)),
            ("over", quoted(over)),
        ]),
        Shape::Sine {
            low,
            high,
            period,
            phase,
        } => Values::from([
            ("source", quoted("sine")),
            ("low", thousandths(*low)),
            ("high", thousandths(*high)),
            ("period", quoted(period)),
            ("phase", quoted(phase)),
        ]),
        Shape::Burst {
            low,
            high,
            period,
            at,
            length,
        } => Values::from([
            ("source", quoted("burst")),
            ("low", thousandths(*low)),
            ("high", thousandths(*high)),
            ("period", quoted(period)),
            ("at", quoted(at)),
            ("length", quoted(length)),
        ]),
        Shape::Poisson { rate, interval } => Values::from([
            ("source", quoted("poisson")),
            ("rate", thousandths(*rate)),
            ("interval", quoted(interval)),
        ]),
        Shape::Series(series) => Values::from([
            ("source", quoted("csv")),
            ("path", quoted(&series.file.path)),
            ("index", quoted(&series.index)),
            ("column", quoted(&series.column)),
            ("period", quoted(series.period)),
            ("scale", thousandths(series.scale)),
            ("shift", quoted(series.shift)),
            ("time_compression", series.time_compression.to_string()),
        ]),
    }
}

fn azure_vm(vm: &AzureVm) -> Values {
    Values::from([
        ("source", quoted("azure-vm")),
        ("path", quoted(&vm.file.path)),
        ("shift", quoted(vm.shift)),
        ("time_compression", vm.time_compression.to_string()),
        ("tenants", quoted(&vm.target)),
        ("app", quoted(&vm.app)),
        ("flavors", quoted(&vm.flavor_file.path)),
        ("origin", vm.origin_s.to_string()),
    ])
}

fn churn(churn: &Churn) -> Values {
    let shape = |shape: &ChurnShape| {
        format!(
            "{{ name = {}, cpu = {}, memory = {}, weight = {} }}",
            quoted(&shape.name),
            quoted(shape.requests.cpu),
            quoted(shape.requests.memory),
            shape.weight
        )
    };
    Values::from([
        ("source", quoted("churn")),
        ("rate", thousandths(churn.rate)),
        ("tenants", quoted(&churn.target)),
        ("app", quoted(&churn.app)),
        ("initial", churn.initial.to_string()),
        ("fill", quoted(churn.fill)),
        ("lifetime", quoted(churn.lifetime)),
        ("shapes", listed(churn.shapes.iter().map(shape))),
    ])
}
