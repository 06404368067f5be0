//! A Worker in Rust behind wasm-bindgen's glue: strings, numbers, closures, promises, exported classes,
//! errors both ways, the Web's own types.

use js_sys::{
    Array, BigInt, Date, Error, Function, JSON, Map, Object, Promise, Reflect, Uint8Array,
};
use std::cell::RefCell;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{Headers, Request, Response, ResponseInit, Url};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, millis: u32) -> JsValue;
    #[wasm_bindgen(js_namespace = Math, js_name = hypot)]
    fn hypot(a: f64, b: f64) -> f64;
    #[wasm_bindgen(catch, js_namespace = JSON, js_name = parse)]
    fn parse_json(text: &str) -> Result<JsValue, JsValue>;
}

thread_local! {
    static STARTED: RefCell<u32> = const { RefCell::new(0) };
}

/// Runs once, when the module is started.
#[wasm_bindgen(start)]
pub fn start() {
    STARTED.with_borrow_mut(|started| *started += 1);
}

/// A class that JavaScript holds objects of.
#[wasm_bindgen]
pub struct Counter {
    count: u32,
    name: String,
}

#[wasm_bindgen]
impl Counter {
    /// With a name.
    #[wasm_bindgen(constructor)]
    pub fn new(name: String) -> Self {
        Self { count: 0, name }
    }

    /// Counts on; the new count.
    pub fn add(&mut self, more: u32) -> u32 {
        self.count += more;
        self.count
    }

    /// Its name, which may change.
    #[wasm_bindgen(getter)]
    pub fn name(&self) -> String {
        self.name.clone()
    }

    /// Changes its name.
    #[wasm_bindgen(setter)]
    pub fn set_name(&mut self, name: String) {
        self.name = name;
    }
}

/// A kind, as a number to JavaScript.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Kind {
    /// One.
    Small = 1,
    /// Another.
    Large = 7,
}

/// Which kind a number is of.
#[wasm_bindgen]
pub fn kind(n: i64) -> Kind {
    if n > 10 { Kind::Large } else { Kind::Small }
}

/// Bytes in, bytes out.
#[wasm_bindgen]
pub fn reverse(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().rev().copied().collect()
}

/// Changes what JavaScript gave it.
#[wasm_bindgen]
pub fn double_all(numbers: &mut [f64]) {
    numbers.iter_mut().for_each(|number| *number *= 2.0);
}

/// Nothing or something.
#[wasm_bindgen]
pub fn maybe(text: Option<String>) -> Option<u32> {
    text.map(|text| text.chars().count() as u32)
}

/// Wide numbers.
#[wasm_bindgen]
pub fn wide(a: u64, b: i64) -> u64 {
    a.wrapping_add_signed(b)
}

/// Many strings.
#[wasm_bindgen]
pub fn upper(words: Vec<String>) -> Vec<String> {
    words.iter().map(|word| word.to_uppercase()).collect()
}

/// Calls a function for each of some numbers.
#[wasm_bindgen]
pub fn each(count: u32, call: &Function) -> Result<JsValue, JsValue> {
    let mut last = JsValue::UNDEFINED;
    for at in 0..count {
        last = call.call2(&JsValue::NULL, &at.into(), &last)?;
    }
    Ok(last)
}

/// A function of JavaScript that is a closure of Rust.
#[wasm_bindgen]
pub fn adder(by: f64) -> JsValue {
    Closure::<dyn Fn(f64) -> f64>::new(move |number| number + by).into_js_value()
}

/// An error of Rust's as one of JavaScript's.
#[wasm_bindgen]
pub fn parse_number(text: &str) -> Result<i32, JsError> {
    Ok(text.parse::<i32>()?)
}

/// A panic, which is a trap.
#[wasm_bindgen]
pub fn panics(at: usize) -> u8 {
    [1, 2, 3][at]
}

/// Grows memory, after which views of the old one are gone.
#[wasm_bindgen]
pub fn grow(pages: usize) -> usize {
    let mut bytes = vec![1_u8; pages << 16];
    bytes[0] = 2;
    bytes.iter().map(|byte| usize::from(*byte)).sum()
}

async fn sleep(millis: u32) -> Result<(), JsValue> {
    let promise = Promise::new(&mut |resolve, _| {
        set_timeout(&resolve, millis);
    });
    JsFuture::from(promise).await.map(drop)
}

fn set(object: &Object, key: &str, value: impl Into<JsValue>) {
    let _ = Reflect::set(object, &key.into(), &value.into());
}

fn facts() -> Result<Object, JsValue> {
    let object = Object::new();
    set(&object, "started", STARTED.with_borrow(|started| *started));
    set(&object, "hypot", hypot(3.0, 4.0));
    set(
        &object,
        "date",
        Date::new(&JsValue::from_f64(0.0)).to_iso_string(),
    );
    set(&object, "big", BigInt::from(1_u64 << 60).to_string(16)?);
    let map = Map::new();
    map.set(
        &"k".into(),
        &Array::of3(&1.into(), &JsValue::TRUE, &JsValue::NULL),
    );
    set(&object, "map", JSON::stringify(&Array::from(&map))?);
    let parsed = parse_json("{");
    set(
        &object,
        "caught",
        parsed.is_err_and(|error| error.is_instance_of::<js_sys::SyntaxError>()),
    );
    set(
        &object,
        "instance",
        JsValue::from(Error::new("x")).is_instance_of::<Error>(),
    );
    set(&object, "text", "ünï 🚪\0".to_owned());
    set(
        &object,
        "cast",
        JsValue::from("x").dyn_into::<Array>().is_err(),
    );
    Ok(object)
}

fn answer(body: &str, status: u16) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    headers.append("x-from", "rust")?;
    headers.append("x-from", "wasm")?;
    let init = ResponseInit::new();
    init.set_status(status);
    init.set_headers(&headers);
    Response::new_with_opt_str_and_init(Some(body), &init)
}

/// The handler.
#[wasm_bindgen]
pub async fn fetch(request: Request, _env: JsValue, context: JsValue) -> Result<Response, JsValue> {
    let url = Url::new(&request.url())?;
    match url.pathname().as_str() {
        "/echo" => {
            let text = JsFuture::from(request.text()?).await?;
            let kind = request.headers().get("content-type")?.unwrap_or_default();
            answer(
                &format!(
                    "{} {kind} {}",
                    request.method(),
                    text.as_string().unwrap_or_default()
                ),
                201,
            )
        }
        "/bytes" => {
            let buffer = JsFuture::from(request.array_buffer()?).await?;
            let bytes = Uint8Array::new(&buffer).to_vec();
            answer(
                &format!(
                    "{} {}",
                    bytes.len(),
                    bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>()
                ),
                200,
            )
        }
        "/later" => {
            let name = url.search_params().get("name").unwrap_or_default();
            let waits = Array::of2(
                &future_to_promise(async { sleep(2).await.map(|()| 1.into()) }),
                &future_to_promise(async { sleep(1).await.map(|()| 2.into()) }),
            );
            let both = JsFuture::from(Promise::all(&waits)).await?;
            let wait_until: Function = Reflect::get(&context, &"waitUntil".into())?.dyn_into()?;
            wait_until.call1(
                &context,
                &future_to_promise(async { sleep(1).await.map(|()| JsValue::UNDEFINED) }),
            )?;
            answer(
                &format!("hello {name} {}", String::from(JSON::stringify(&both)?)),
                200,
            )
        }
        "/fail" => Err(JsError::new("no").into()),
        _ => answer(&String::from(JSON::stringify(&facts()?.into())?), 200),
    }
}
