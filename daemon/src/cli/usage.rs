//! `postern usage`: what tenants used, by dates or months.

use super::api::{Api, segment};
use super::args::{Period, Usage};
use super::client::Call;
use super::error::CliError;
use super::output::{Output, member};
use super::scripts::rows;
use http::Method;

/// Runs `postern usage`.
pub async fn run(args: &Usage, out: Output) -> Result<(), CliError> {
    let api = Api::new(&args.remote)?;
    let period = match args.period {
        Period::Day => "day",
        Period::Month => "month",
    };
    let mut target = api.own(&format!("usage?period={period}"));
    for (name, value) in [
        ("since", &args.since),
        ("until", &args.until),
        ("namespace", &args.namespace),
        ("tenant", &args.tenant),
    ] {
        if let Some(value) = value {
            target.push_str(&format!("&{name}={}", segment(value)));
        }
    }
    if args.csv {
        target.push_str("&format=csv");
        let answer = api
            .raw("show usage", Call::new(Method::GET, target))
            .await?;
        return out.bytes(&answer.whole().await?);
    }
    let result = api.get("show usage", target).await?.result;
    out.result(&result, || {
        let headings = [
            "PERIOD",
            "NAMESPACE",
            "TENANT",
            "REQUESTS",
            "FUEL",
            "EGRESS",
            "STORAGE",
        ];
        rows(&result, "nothing was used\n", &headings, |line| {
            [
                "period",
                "namespace",
                "tenant",
                "requests",
                "fuel",
                "egress-bytes",
                "storage-bytes",
            ]
            .map(|key| member(line, key))
            .to_vec()
        })
    })
}
