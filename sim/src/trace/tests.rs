//! Readers over small texts, good and bad; the generator over its first pods.

use std::io::{Cursor, Write};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use nimbus_core::time::{Span, Time};
use nimbus_core::units::{Bytes, Cpu, Resources};
use proptest::prelude::*;

use super::azure_vm::{self, Layout, Row};
use super::churn::Pods;
use super::{Problem, flavors, rate_csv};
use crate::scenario::{Churn, ChurnShape};

const HEADER: &str = "arrival_s,batch,flavor,dur_lo_s,dur_hi_s,censored\n";

fn azure(text: &str) -> Result<azure_vm::Trace, Problem> {
    let flavors = [Arc::from("a"), Arc::from("m")];
    azure_vm::read_from(
        Cursor::new(text.to_owned().into_bytes()),
        "vms.csv",
        &flavors,
    )
}

fn counts(text: &str) -> Result<Vec<u64>, Problem> {
    rate_csv::read_from(
        Cursor::new(text.to_owned().into_bytes()),
        "rate.csv",
        "minute",
        "requests",
    )
}

#[test]
fn rows_that_are_equal_are_one_and_lifetimes_are_the_middle_of_their_range() {
    let trace = azure(&format!(
        "{HEADER}300,7,m,300,600,0\n300,7,m,300,600,0\n600,8,a,0,100,0\n600,8,a,9,9,1\n"
    ))
    .unwrap();
    let row = |arrival_s, batch, flavor, count, lifetime_s| Row {
        arrival_s,
        batch,
        flavor,
        count,
        lifetime_s,
    };
    let expected = [
        row(300, 7, 1, 2, Some(450)),
        row(600, 8, 0, 1, Some(150)),
        row(600, 8, 0, 1, None),
    ];
    assert_eq!(
        (trace.rows.as_slice(), trace.machines),
        (expected.as_slice(), 4)
    );
}

#[test]
fn columns_may_stand_in_any_order() {
    let trace =
        azure("flavor,batch,extra,censored,dur_hi_s,dur_lo_s,arrival_s\na,1,x,0,900,900,5\n")
            .unwrap();
    assert_eq!(trace.rows[0].lifetime_s, Some(900));
}

#[test]
fn a_layout_moves_compresses_and_deals_out() {
    let trace = azure(&format!("{HEADER}100,0,a,600,600,0\n400,205,a,600,600,1\n")).unwrap();
    let layout = Layout {
        start: Time::from_secs(1_000),
        origin_s: 300,
        compression: 2,
        tenants: 100,
    };
    let arrivals: Vec<_> = azure_vm::arrivals(Arc::new(trace), layout).collect();
    assert_eq!(arrivals.len(), 1);
    assert_eq!(
        (
            arrivals[0].at,
            arrivals[0].tenant_index,
            arrivals[0].lifetime
        ),
        (Time::from_secs(1_050), 5, None)
    );
}

#[track_caller]
fn refused(result: Result<impl std::fmt::Debug, Problem>, expected: &str) {
    assert_eq!(result.unwrap_err().to_string(), expected);
}

#[test]
fn what_is_wrong_with_a_trace_is_named() {
    let row = |row: &str| azure(&format!("{HEADER}{row}\n"));
    let head = HEADER.trim().replace(',', ", ");
    refused(
        azure(""),
        &format!("vms.csv:1: is empty: expected a header with {head}"),
    );
    refused(
        azure(HEADER),
        "vms.csv:2: has no row after its header: expected at least one arrival",
    );
    refused(
        azure("arrival_s,batch\n"),
        "vms.csv:1: flavor: column is missing: found arrival_s, batch",
    );
    refused(
        row("1,2,a"),
        "vms.csv:2: \"1,2,a\" is cut short: expected 6 fields",
    );
    refused(
        row("-1,2,a,0,0,0"),
        "vms.csv:2: arrival_s: \"-1\" is not a whole number",
    );
    refused(
        row("1,99999999999,a,0,0,0"),
        "vms.csv:2: batch: 99999999999 is too large: expected less than 2^32",
    );
    refused(
        row("1,2,z,0,0,0"),
        "vms.csv:2: flavor: \"z\" is not a flavor: expected one of a, m",
    );
    refused(
        row("1,2,a,9,3,0"),
        "vms.csv:2: dur_lo_s: 9 is above dur_hi_s 3",
    );
    refused(
        row("1,2,a,3,9,2"),
        "vms.csv:2: censored: \"2\" is neither 0 nor 1",
    );
    let unsorted = "vms.csv:3: arrival_s: 5 comes after 9: expected rows in order of arrival";
    refused(row("9,2,a,3,9,1\n5,2,a,3,9,1"), unsorted);
}

#[test]
fn counts_fill_missing_periods_with_zero() {
    assert_eq!(counts("minute,requests\n3,5\n6,7\n").unwrap(), [5, 0, 0, 7]);
    refused(
        counts("minute,requests\n3,5\n3,7\n"),
        "rate.csv:3: minute: 3 does not rise: expected rows in order, each index once",
    );
    refused(
        counts("minute,requests\n3,x\n"),
        "rate.csv:2: requests: \"x\" is not a whole number",
    );
    refused(
        counts("minute,hits\n"),
        "rate.csv:1: requests: column is missing: found minute, hits",
    );
    refused(
        counts("minute,requests\n0,1\n99999999999,1\n"),
        "rate.csv:3: minute: 99999999999 is too far: expected at most 50000000 periods",
    );
}

#[test]
fn a_compressed_file_reads_like_the_plain_one() {
    let text = "minute,requests\n0,5\n1,7\n";
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    let packed = gzip.finish().unwrap();
    let read = |bytes: Vec<u8>| {
        rate_csv::read_from(Cursor::new(bytes), "rate.csv.gz", "minute", "requests")
    };
    assert_eq!(read(packed.clone()).unwrap(), [5, 7]);
    let cut = read(packed[..packed.len() - 9].to_vec())
        .unwrap_err()
        .to_string();
    assert!(cut.contains("cannot be read on"), "{cut}");
}

#[test]
fn flavors_are_read_in_order_of_name() {
    let read =
        |text: &str| flavors::read_from(Cursor::new(text.to_owned().into_bytes()), "flavors.csv");
    let found = read("flavor,vcpu,mem_gb\nb,2,1.75\na,0.5,4\n").unwrap();
    let names: Vec<&str> = found.iter().map(|flavor| &*flavor.name).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(found[0].requests, Resources::pod(Cpu(500), Bytes::gib(4)));
    assert_eq!(found[1].requests.memory, Bytes::mib(1_792));
    let row = |row: &str| read(&format!("flavor,vcpu,mem_gb\n{row}\n"));
    refused(
        row("a,0,1"),
        "flavors.csv:2: vcpu: \"0\": expected cores above 0, as in 2 or 0.5",
    );
    refused(
        row("a,1,-1"),
        "flavors.csv:2: mem_gb: \"-1\": expected GiB above 0, as in 4 or 1.75",
    );
    refused(
        row("A,1,1"),
        "flavors.csv:2: flavor: \"A\": expected at most 9 lower-case letters, digits and hyphens",
    );
    refused(
        row("a,1,1\na,1,1"),
        "flavors.csv:3: flavor: \"a\" is there twice",
    );
}

fn churn() -> Churn {
    let shape = |name: &str, weight| ChurnShape {
        name: Arc::from(name),
        requests: Resources::pod(Cpu(100), Bytes::mib(128)),
        weight,
    };
    Churn {
        target: Arc::from("each"),
        tenants: vec![0, 1, 2],
        app: Arc::from("fleet"),
        initial: 100,
        fill: Span::from_secs(50),
        rate: 2_000,
        lifetime: Span::from_secs(600),
        shapes: vec![shape("small", 3), shape("large", 1)],
    }
}

#[test]
fn churn_fills_evenly_and_goes_on_at_its_rate() {
    let pods: Vec<_> = Pods::new(&churn(), Time::ZERO, 1, "fleet")
        .take(10_100)
        .collect();
    assert_eq!((pods[0].at, pods[50].at), (Time::ZERO, Time::from_secs(25)));
    assert!(pods.is_sorted_by_key(|pod| pod.at));
    let end = pods[10_099].at.secs();
    assert!(
        (4_700..5_400).contains(&end),
        "10,000 arrivals at 2/s end at {end} s"
    );
    let large = pods.iter().filter(|pod| pod.flavor == 1).count();
    assert!(
        (2_300..2_800).contains(&large),
        "{large} of 10,100 are large"
    );
    let mean = pods
        .iter()
        .filter_map(|pod| pod.lifetime)
        .map(Span::secs)
        .sum::<i64>()
        / 10_100;
    assert!((570..630).contains(&mean), "mean lifetime {mean} s");
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = azure_vm::read_from(Cursor::new(bytes.clone()), "x", &[Arc::from("a")]);
        let _ = flavors::read_from(Cursor::new(bytes.clone()), "x");
        let _ = rate_csv::read_from(Cursor::new(bytes), "x", "a", "b");
    }

    #[test]
    fn no_text_of_the_right_form_makes_a_reader_panic(text in "([0-9am,]{0,12}\n){0,9}") {
        let _ = azure(&format!("{HEADER}{text}"));
        let _ = counts(&format!("minute,requests\n{text}"));
    }
}
