//! Programs: modules made of hostile values, of the platform poked at by reflection, of damage to either, and of
//! texts that are no programs at all.

use super::dice::Dice;
use super::values::{REPEATED, STATEMENTS, TOKENS, VALUES};

/// How often a text is repeated at most.
const REPEATED_MAX: usize = 60_000;

/// Programs of a module, each of which answers paths with its number.
pub const PROGRAMS: usize = 6;

/// What comes before every program's own.
const START: &str = "
let kept = 0, keepElement;
function keep(value) { kept++; return value; }
const detached = new Uint8Array(16);
detached.buffer.transfer();
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();
";

/// Pokes at whatever is reachable; what it does follows from the seed.
const POKE: &str = "
function poke(seed, times, makers) {
  let state = seed >>> 0;
  const below = (end) => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 3) % end;
  const pick = (all) => all[below(all.length)];
  const value = () => { try { return pick(makers)(); } catch { return undefined; } };
  const harmless = new Set(['eval', 'console', 'poke', 'globalThis']);
  const names = Reflect.ownKeys(globalThis).filter((name) => !harmless.has(name));
  const objects = [];
  for (const name of names) {
    const it = globalThis[name];
    if (typeof it === 'function' || (typeof it === 'object' && it !== null)) objects.push(it);
    if (typeof it === 'function' && it.prototype) objects.push(it.prototype);
  }
  const pending = [];
  for (let at = 0; at < times; at++) {
    try {
      let target = below(2) ? pick(objects) : value();
      if (target === undefined || target === null) continue;
      const keys = [];
      for (let of = Object(target), depth = 0; of && depth < 4; of = Object.getPrototypeOf(of), depth++) keys.push(...Reflect.ownKeys(of).slice(0, 60));
      const key = pick(keys);
      const args = Array.from({ length: below(4) }, value);
      let result;
      switch (below(6)) {
        case 0: result = Reflect.get(target, key, value()); break;
        case 1: result = below(9) ? target[key] : (target[key] = value()); break;
        case 2: result = typeof target === 'function' ? Reflect.construct(target, args) : target[key](...args); break;
        default: result = typeof target[key] === 'function' ? target[key].apply(below(3) ? target : value(), args) : target[key];
      }
      if (typeof result === 'object' && result !== null) {
        if (objects.length < 500) objects.push(result);
        if (typeof result.then === 'function') pending.push(Promise.race([result, scheduler.wait(1)]).catch(keep));
      }
    } catch (error) {
      kept++;
    }
  }
  return Promise.allSettled(pending);
}
";

/// A module.
pub fn module(dice: &mut Dice) -> String {
    match dice.below(10) {
        0 => repeated(dice),
        1 => damaged(dice),
        2 => garbage(dice),
        3 => classic(dice),
        4 | 5 => poking(dice),
        _ => program(dice),
    }
}

fn value(dice: &mut Dice) -> &'static str {
    dice.pick(VALUES)
}

fn statement(dice: &mut Dice) -> String {
    let mut text = String::new();
    for part in dice.pick(STATEMENTS).split('$') {
        if !text.is_empty() {
            text.push_str(value(dice));
        }
        text.push_str(part);
        // A piece that begins with a value has an empty first part.
        if text.is_empty() {
            text.push(' ');
        }
    }
    text
}

fn statements(dice: &mut Dice, indent: &str) -> String {
    let mut text = String::new();
    for _ in 0..=dice.below(6) {
        let statement = statement(dice);
        if dice.once_in(3) {
            text.push_str(&format!("{indent}{statement};\n"));
        } else {
            text.push_str(&format!(
                "{indent}try {{ {statement}; }} catch (error) {{ keep(error); }}\n"
            ));
        }
    }
    text
}

fn program(dice: &mut Dice) -> String {
    let mut text = START.to_owned();
    if dice.once_in(8) {
        text.push_str("const request = {}, env = {}, context = {};\n");
        text.push_str(&statements(dice, "").replace("return ", "keep("));
    }
    text.push_str("const programs = [\n");
    for _ in 0..PROGRAMS {
        let body = statements(dice, "    ");
        text.push_str(&format!(
            "  async (request, env, context) => {{\n{body}    return new Response(`kept ${{kept}}`);\n  }},\n"
        ));
    }
    text.push_str("];\nexport default { fetch: (request, env, context) => programs[Number(request.url.split('/')[3])](request, env, context) };\n");
    text
}

fn poking(dice: &mut Dice) -> String {
    let makers: Vec<String> = (0..30)
        .map(|_| format!("() => ({})", value(dice)))
        .collect();
    let (seed, times) = (dice.below(1 << 31), 20 + dice.below(200));
    format!(
        "{START}{POKE}export default {{\n  async fetch(request, env, context) {{\n    await poke({seed} + request.url.length, {times}, [{}]);\n    return new Response(`kept ${{kept}}`);\n  }},\n}};\n",
        makers.join(", ")
    )
}

fn classic(dice: &mut Dice) -> String {
    let body = statements(dice, "  ").replace("return ", "event.respondWith(");
    format!(
        "{START}const env = {{}}, context = {{ waitUntil() {{}}, passThroughOnException() {{}} }};\nasync function serve(request, event) {{\n{body}  return new Response('classic');\n}}\naddEventListener('fetch', (event) => {{ event.respondWith(serve(event.request, event)); {} }});\n",
        statement(dice).replace("return ", "keep(")
    )
}

fn repeated(dice: &mut Dice) -> String {
    let (before, part, after) = REPEATED[dice.below(REPEATED.len())];
    let times = 1 + dice.below(REPEATED_MAX);
    let module = program(dice);
    let text = format!("{before}{}{after}", part.repeat(times));
    if dice.once_in(2) {
        text + "\n" + &module
    } else {
        module + &text
    }
}

fn damaged(dice: &mut Dice) -> String {
    let mut chars: Vec<char> = program(dice).chars().collect();
    for _ in 0..=dice.below(12) {
        let at = dice.below(chars.len());
        let end = (at + dice.below(20)).min(chars.len());
        match dice.below(4) {
            0 => drop(chars.drain(at..end)),
            1 => {
                let copy: Vec<char> = chars[at..end].to_vec();
                let to = dice.below(chars.len());
                chars.splice(to..to, copy);
            }
            2 => chars[at] = char::from_u32(dice.below(0x3000) as u32).unwrap_or('\u{fffd}'),
            _ => drop(chars.splice(at..at, dice.pick(TOKENS).chars())),
        }
        if chars.is_empty() {
            chars.push(' ');
        }
    }
    chars.into_iter().collect()
}

fn garbage(dice: &mut Dice) -> String {
    let mut text = String::new();
    for _ in 0..dice.below(3000) {
        if dice.once_in(2) {
            text.push_str(dice.pick(TOKENS));
        } else {
            text.push_str(value(dice));
        }
    }
    text
}
