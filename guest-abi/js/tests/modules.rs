//! What specifiers of imports mean, and what is said where they mean nothing: as in workerd.
#![allow(clippy::unwrap_used)]

use postern_abi::bundle::ModuleKind;
use postern_js::testing::{Case, serve};

fn run(modules: &[(&str, &str)]) -> Result<String, String> {
    let kind = |name: &str| match name.rsplit_once('.') {
        Some((_, "cjs")) => ModuleKind::CommonJs,
        _ => ModuleKind::EsModule,
    };
    let case = Case {
        modules: modules
            .iter()
            .map(|(name, source)| ((*name).to_owned(), kind(name), source.as_bytes().to_vec()))
            .collect(),
        date: "2026-01-01".to_owned(),
        method: "GET".to_owned(),
        url: "http://example.com/".to_owned(),
        ..Case::default()
    };
    // A thread has one Worker.
    let serving = std::thread::spawn(move || serve(case));
    let answer = serving.join().unwrap()?;
    assert_eq!(answer.exception, None);
    Ok(String::from_utf8(answer.body).unwrap())
}

const TOLD: &str = "
    export const told = async (specifier, load) => {
        try { return `${specifier}: ${Object.keys(await load(specifier))}`; }
        catch (error) { return `${specifier}: ${error.name}: ${error.message}`; }
    };";

/// What imports in the main module, and in one in a folder, give.
fn imports(specifiers: &[&str]) -> (Vec<String>, Vec<String>) {
    let list = serde_json::to_string(specifiers).unwrap();
    let asking = "import { told } from '/told.js';
        export const ask = (list) => Promise.all(list.map((it) => told(it, (name) => import(name))));";
    let main = format!(
        "{asking}
        import {{ ask as askInside }} from './lib/ask.js';
        export default {{ async fetch() {{
            return Response.json([await ask({list}), await askInside({list})]);
        }} }};"
    );
    let said = run(&[
        ("worker.js", &main),
        ("told.js", TOLD),
        ("lib/ask.js", asking),
        ("x.js", "export const outside = 1;"),
        ("lib/x.js", "export const inside = 1;"),
        ("deep/y.js", "export const deep = 1;"),
    ]);
    serde_json::from_str(&said.unwrap()).unwrap()
}

#[test]
fn a_specifier_is_of_the_folder_of_who_names_it() {
    let (main, inside) = imports(&[
        "x.js",
        "./x.js",
        "/x.js",
        "lib/x.js",
        "./lib//x.js",
        "../x.js",
    ]);
    assert_eq!(
        main,
        [
            "x.js: outside",
            "./x.js: outside",
            "/x.js: outside",
            "lib/x.js: inside",
            "./lib//x.js: inside",
            "../x.js: Error: No such module \"../x.js\"",
        ]
    );
    assert_eq!(
        inside,
        [
            "x.js: inside",
            "./x.js: inside",
            "/x.js: outside",
            "lib/x.js: Error: No such module \"lib/lib/x.js\".",
            "./lib//x.js: Error: No such module \"lib/lib/x.js\".",
            "../x.js: outside",
        ]
    );
    let (main, inside) = imports(&["", ".", "/", "../../x.js", "../deep/y.js", "http://a/b"]);
    assert_eq!(
        main,
        [
            ": Error: No such module \".\".",
            ".: Error: No such module \".\".",
            "/: Error: No such module \".\".",
            "../../x.js: Error: No such module \"../../x.js\"",
            "../deep/y.js: Error: No such module \"../deep/y.js\"",
            "http://a/b: Error: No such module \"http:/a/b\".",
        ]
    );
    assert_eq!(
        inside[3],
        "../../x.js: Error: No such module \"../../x.js\""
    );
    assert_eq!(inside[4], "../deep/y.js: deep");
}

#[test]
fn what_a_push_is_told_of_a_specifier_that_leads_nowhere() {
    let check = |lib: &str, told: &str| {
        let main = "import './lib/a.js'; export default { fetch() {} };";
        let error = run(&[("worker.js", main), ("lib/a.js", lib)]).unwrap_err();
        assert!(error.contains(told), "{error}");
    };
    check(
        "import '../../x.js';",
        "TypeError: Invalid module specifier \"../../x.js\".\n  imported from \"lib/a.js\".",
    );
    check(
        "import 'lib/a.js';",
        "Error: No such module \"lib/lib/a.js\".\n  imported from \"lib/a.js\"",
    );
}

#[test]
fn require_says_so_too() {
    let main =
        "import said from './lib/a.cjs'; export default { fetch: () => Response.json(said) };";
    let said = run(&[
        ("worker.js", main),
        (
            "lib/a.cjs",
            "module.exports = ['../../y.js', './nope.js', '../never.js', './there.js'].map((name) => {
                try { return require(name); } catch (error) { return `${error.name}: ${error.message}`; }
            });",
        ),
        ("lib/there.js", "export default 7;"),
        ("never.js", "await new Promise(() => {}); export default 1;"),
    ]);
    let said: serde_json::Value = serde_json::from_str(&said.unwrap()).unwrap();
    assert_eq!(
        said,
        serde_json::json!([
            "TypeError: Invalid module specifier \"../../y.js\".",
            "Error: No such module \"lib/nope.js\".",
            "Error: Top-level await in module is unsettled.",
            7,
        ])
    );
}

#[test]
fn require_takes_what_does_not_wait() {
    let told = "const said = (f) => { try { return f(); } catch (error) { return `${error.name}: ${error.message}`; } };
        module.exports = ['./value.cjs', '../both.js', '../waits.js', '../beside.js', '../throws.js', '../throws.js', '../worker.js']
            .map((name) => said(() => typeof require(name)));";
    let said = run(&[
        (
            "worker.js",
            "import told from './lib/told.cjs'; export default { fetch: () => Response.json(told) };",
        ),
        ("lib/told.cjs", told),
        ("lib/value.cjs", "exports.value = 7;"),
        ("both.js", "export default 5;"),
        ("waits.js", "export default await Promise.resolve(5);"),
        (
            "beside.js",
            "import waits from './waits.js'; export default waits;",
        ),
        ("throws.js", "throw new RangeError('at start');"),
    ]);
    let said: Vec<String> = serde_json::from_str(&said.unwrap()).unwrap();
    // The flag that comes with newer dates is not set here.
    let waits = "Error: Top-level await in module is unsettled.";
    assert_eq!(
        said,
        [
            "object",
            "number",
            waits,
            waits,
            "RangeError: at start",
            "RangeError: at start",
            "ReferenceError: Cannot access 'default' before initialization",
        ]
    );
}

#[test]
fn modules_run_in_their_turn_and_in_circles() {
    let said = run(&[
        (
            "worker.js",
            "import './first.js'; import a from './a.cjs'; import c from './c.cjs';
            export default { fetch: () => Response.json([a, c]) };",
        ),
        ("first.js", "globalThis.first = 'first';"),
        (
            "a.cjs",
            "exports.early = first; exports.b = require('./b.cjs'); exports.late = 2;",
        ),
        (
            "b.cjs",
            "const a = require('./a.cjs'); exports.saw = Object.keys(a); exports.me = 3;",
        ),
        (
            "c.cjs",
            "try { require('./d.mjs'); } catch (error) { exports.error = String(error); }",
        ),
        ("d.mjs", "import c from './c.cjs'; export default c;"),
    ]);
    let said: serde_json::Value = serde_json::from_str(&said.unwrap()).unwrap();
    assert_eq!(
        said,
        serde_json::json!([
            {"early": "first", "b": {"saw": ["early"], "me": 3}, "late": 2},
            {"error": "Error: Circular dependency when resolving module: ./c.cjs"},
        ])
    );
}

#[test]
fn a_module_that_waited_once_is_imported_later() {
    let main = "import './parent.js';
        export default { async fetch() {
            const { name } = await import('./grandparent.js');
            return new Response(name);
        } };";
    let said = run(&[
        ("worker.js", main),
        ("waits.js", "await 0;"),
        ("parent.js", "import './waits.js';"),
        (
            "grandparent.js",
            "import './parent.js'; export const name = 'here';",
        ),
    ]);
    assert_eq!(said.unwrap(), "here");
}

#[test]
fn what_comes_from_one_place_by_two_ways_is_not_ambiguous() {
    let main = "import * as all from './both.js';
        export default { fetch: () => Response.json([all.one, all.space.one, Object.keys(all)]) };";
    let said = run(&[
        ("worker.js", main),
        (
            "both.js",
            "export * from './left.js'; export * from './right.js';",
        ),
        (
            "left.js",
            "export { one } from './source.js'; export * as space from './source.js';",
        ),
        (
            "right.js",
            "import { one } from './source.js'; import * as space from './source.js'; export { one, space };",
        ),
        ("source.js", "export const one = 1;"),
    ]);
    assert_eq!(said.unwrap(), r#"[1,1,["one","space"]]"#);
}

#[test]
fn what_nobody_imports_has_to_be_a_program_too() {
    let main = "export default { async fetch() {
        return Response.json([(await import('./late.js')).late, (await import('./late.cjs')).default.late]);
    } };";
    let said = run(&[
        ("worker.js", main),
        ("late.js", "export const late = 1;"),
        ("late.cjs", "exports.late = 2;"),
    ]);
    assert_eq!(said.unwrap(), "[1,2]");
    for name in ["bad.js", "bad.cjs"] {
        let told = run(&[("worker.js", main), (name, "let a = ;")]).unwrap_err();
        assert!(told.contains("SyntaxError: Unexpected token ';'"), "{told}");
    }
}
