//! `postern calibrate`: how fast a machine is.

use super::api::Api;
use super::args::{Calibrate, Source};
use super::client::Call;
use super::error::CliError;
use super::output::{Output, member, printable};
use super::serve::offline;
use http::Method;
use serde_json::{Value, json};
use std::fmt::Write;

/// Runs `postern calibrate`.
pub async fn run(args: &Calibrate, out: Output) -> Result<(), CliError> {
    if let Some(data_dir) = &args.data_dir {
        let source = Source {
            config: args.config.clone(),
            data_dir: Some(data_dir.clone()),
            board: args.board.clone(),
            ..Source::default()
        };
        return offline(args, &source, out);
    }
    let api = Api::new(&args.remote)?;
    let path = api.own_path("calibration");
    if args.forget {
        let call = Call::new(Method::DELETE, path);
        let told = api.call("forget the calibration", call).await?.result;
        return out.result(&told, || forgotten(&told));
    }
    if args.show {
        let told = api.get("the calibration", path).await?.result;
        return out.result(&told, || match &told["calibration"] {
            Value::Null => format!(
                "not measured; the board file says {} fuel a millisecond\n",
                member(&told, "board_fuel_per_ms")
            ),
            measured => shown(measured),
        });
    }
    if !out.json {
        out.warn("tenants share the machine with the measurement for some seconds");
    }
    let call = Call::new(Method::POST, path);
    let told = api.call("calibrate", call).await?.result;
    finish(&told, out)
}

fn offline(args: &Calibrate, source: &Source, out: Output) -> Result<(), CliError> {
    let config = source.load()?;
    if args.forget {
        let told = json!({"fuel_per_ms": offline::forget_calibration(&config)?});
        return out.result(&told, || forgotten(&told));
    }
    if args.show {
        let told = offline::calibration(&config)?;
        return out.result(&told, || match &told {
            Value::Null => "not measured\n".to_owned(),
            measured => shown(measured),
        });
    }
    let told = offline::calibrate(&config)?;
    finish(&told, out)
}

fn finish(told: &Value, out: Output) -> Result<(), CliError> {
    if let Some(warning) = told["warning"].as_str() {
        out.warn(&printable(warning));
    }
    out.result(told, || shown(told))
}

fn forgotten(told: &Value) -> String {
    format!(
        "forgotten; the board file's {} fuel a millisecond holds\n",
        member(told, "fuel_per_ms")
    )
}

/// A measurement, for people.
fn shown(told: &Value) -> String {
    let text = |value: &Value, key| printable(&member(value, key));
    let mut lines = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        lines,
        "{} fuel a millisecond holds for cpu-ms; the board file `{}` says {} ({:+.1} %)",
        text(told, "fuel_per_ms"),
        text(told, "board"),
        text(told, "board_fuel_per_ms"),
        told["difference_percent"].as_f64().unwrap_or(0.0)
    );
    let rows: Vec<Vec<String>> = told["kernels"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|kernel| {
            let mut row = vec![member(kernel, "kernel")];
            for cores in ["one_core", "all_cores"] {
                for key in ["low", "median", "high"] {
                    row.push(member(&kernel[cores], key));
                }
            }
            row
        })
        .collect();
    let all = format!("ALL {} CORES: LOW", text(told, "cores"));
    let headings = [
        "KERNEL",
        "ONE CORE: LOW",
        "MEDIAN",
        "HIGH",
        &all,
        "MEDIAN",
        "HIGH",
    ];
    lines.push_str(&super::output::table(&headings, &rows));
    let _ = writeln!(
        lines,
        "spread of kernels: {} to {} % of what holds",
        told["spread_percent"][0], told["spread_percent"][1]
    );
    let clock = |key| told[key].as_u64().map(|khz| format!("{} MHz", khz / 1000));
    let _ = writeln!(
        lines,
        "clock: {}",
        match (clock("clock_khz"), clock("clock_max_khz")) {
            (Some(now), Some(most)) => format!("{now} of {most}"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => "the system does not tell".to_owned(),
        }
    );
    let _ = writeln!(
        lines,
        "memory: {} MiB/s copied, {} MiB/s written",
        told["memory_copy_mib_s"], told["memory_fill_mib_s"]
    );
    let store = &told["store"];
    let _ = match store["problem"].as_str() {
        Some(problem) => writeln!(lines, "store: {}", printable(problem)),
        None => writeln!(
            lines,
            "store: {} durable writes a second ({} us in the middle, {} us at most)",
            store["per_second"], store["median_us"], store["max_us"]
        ),
    };
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_is_readable_and_harmless() {
        let samples = json!({"low": 1, "median": 2, "high": 3});
        let told = json!({
            "fuel_per_ms": 1200, "board": "b\u{1b}", "board_fuel_per_ms": 1000, "difference_percent": 20.0, "cores": 2,
            "kernels": [{"kernel": "integer", "one_core": samples, "all_cores": samples}],
            "spread_percent": [50.0, 150.5], "clock_khz": 1_500_000, "clock_max_khz": null,
            "memory_copy_mib_s": 900.0, "memory_fill_mib_s": 1000.0,
            "store": {"writes": 3, "per_second": 41.5, "median_us": 20, "max_us": 40, "problem": null},
        });
        let text = shown(&told);
        assert!(text.starts_with("1200 fuel a millisecond holds for cpu-ms; the board file `b\\u{1b}` says 1000 (+20.0 %)\n"), "{text}");
        assert!(text.contains("clock: 1500 MHz\n"), "{text}");
        assert!(
            text.contains("41.5 durable writes a second (20 us in the middle, 40 us at most)"),
            "{text}"
        );
    }
}
