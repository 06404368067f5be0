//! The attribute `#[postern::main]`; use it through the crate `postern`.

use proc_macro::{Delimiter, Group, TokenStream, TokenTree};

/// Makes an `async fn(Request, Env, Context) -> Result<Response>` the Worker's `fetch` handler:
/// exports the functions that the host calls. One function of a module can have it.
#[proc_macro_attribute]
pub fn main(attribute: TokenStream, item: TokenStream) -> TokenStream {
    if let Some(first) = attribute.into_iter().next() {
        return fail(&first, "#[postern::main] takes no arguments");
    }
    match handler(&item) {
        Ok(name) => {
            let mut out = item;
            out.extend(exports(&name));
            out
        }
        Err((at, message)) => {
            let mut out = item;
            match at {
                Some(at) => out.extend(fail(&at, message)),
                None => out.extend(fail_here(message)),
            }
            out
        }
    }
}

/// The name of the function, if it is one that can be a handler.
fn handler(item: &TokenStream) -> Result<String, (Option<TokenTree>, &'static str)> {
    let mut is_async = false;
    let mut tokens = item.clone().into_iter();
    while let Some(token) = tokens.next() {
        let TokenTree::Ident(ident) = &token else {
            continue;
        };
        match ident.to_string().as_str() {
            "async" => is_async = true,
            "fn" => {
                let name = tokens.next();
                let arguments = tokens.next();
                return match (name, arguments) {
                    (Some(name), _) if !is_async => {
                        Err((Some(name), "a handler must be an `async fn`"))
                    }
                    (Some(name), Some(TokenTree::Group(group)))
                        if group.delimiter() == Delimiter::Parenthesis =>
                    {
                        if parameters(&group) == 3 {
                            Ok(name.to_string())
                        } else {
                            Err((
                                Some(TokenTree::Group(group)),
                                "a handler takes three parameters: (req: Request, env: Env, ctx: Context)",
                            ))
                        }
                    }
                    (name, _) => Err((name, "a handler cannot be generic")),
                };
            }
            _ => {}
        }
    }
    Err((None, "#[postern::main] belongs on a function"))
}

/// How many parameters there are: commas outside angle brackets, a trailing one aside.
fn parameters(group: &Group) -> usize {
    let (mut depth, mut count, mut pending) = (0i32, 0, false);
    for token in group.stream() {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ',' && depth == 0 => {
                count += usize::from(pending);
                pending = false;
                continue;
            }
            TokenTree::Punct(punct) if punct.as_char() == '<' => depth += 1,
            TokenTree::Punct(punct) if punct.as_char() == '>' => depth -= 1,
            _ => {}
        }
        pending = true;
    }
    count + usize::from(pending)
}

/// The exports of `docs/abi.md`, calling `name`.
fn exports(name: &str) -> TokenStream {
    format!(
        r#"
        const _: () = {{
            fn start(
                request: ::postern::Request,
                env: ::postern::Env,
                context: ::postern::Context,
            ) -> ::postern::__private::Handling {{
                ::postern::__private::Box::pin({name}(request, env, context))
            }}
            // Elsewhere than in wasm the handler is still checked, and exports nothing.
            const _: ::postern::__private::Start = start;
            #[cfg(target_arch = "wasm32")]
            const _: () = {{
                #[unsafe(no_mangle)]
                extern "C" fn postern_abi_v1() {{}}
                #[unsafe(no_mangle)]
                extern "C" fn postern_boot() -> i32 {{
                    ::postern::__private::boot()
                }}
                #[unsafe(no_mangle)]
                extern "C" fn postern_window(min_len: usize) -> *mut u8 {{
                    ::postern::__private::window(min_len)
                }}
                #[unsafe(no_mangle)]
                extern "C" fn postern_event(kind: u32, id: u32, len: usize) -> i32 {{
                    ::postern::__private::event(kind, id, len, start)
                }}
            }};
        }};
        "#
    )
    .parse()
    .expect("the text above is Rust")
}

fn fail(at: &TokenTree, message: &str) -> TokenStream {
    let error: TokenStream = format!("::core::compile_error!({message:?});")
        .parse()
        .expect("the text above is Rust");
    error
        .into_iter()
        .map(|mut token| {
            token.set_span(at.span());
            token
        })
        .collect()
}

fn fail_here(message: &str) -> TokenStream {
    format!("::core::compile_error!({message:?});")
        .parse()
        .expect("the text above is Rust")
}
