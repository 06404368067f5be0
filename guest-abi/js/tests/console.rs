//! Lines that console methods write, against those that the field's runtime was seen to write
//! for the same Worker.
#![allow(clippy::unwrap_used)]

use postern_abi::bundle::ModuleKind;
use postern_js::testing::{Case, serve};

#[test]
fn lines_are_as_the_field_writes_them() {
    let answer = serve(Case {
        modules: vec![(
            "worker.js".to_owned(),
            ModuleKind::EsModule,
            include_bytes!("console/worker.js").to_vec(),
        )],
        date: "2026-01-01".to_owned(),
        method: "GET".to_owned(),
        url: "http://example.com/".to_owned(),
        ..Case::default()
    })
    .unwrap();
    assert_eq!(answer.exception, None);
    let expected = include_str!("console/expected.txt").trim_end();
    for (have, want) in answer.logs.join("\n").lines().zip(expected.lines()) {
        assert_eq!(have, want);
    }
    assert_eq!(answer.logs.join("\n"), expected);
}
