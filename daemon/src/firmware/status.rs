//! What is told of the firmware.

use super::Firmware;
use super::release::VERSION;
use super::slots::Slot;
use serde_json::{Value, json};

impl Firmware {
    /// Which slot runs, why, and what happened last; a JSON object.
    pub fn status(&self) -> Value {
        let mut told = json!({
            "version": VERSION,
            "board": self.options.board,
            "keys": self.options.keys.iter().map(|key| format!("{key:?}")).collect::<Vec<_>>(),
        });
        let layout = match &self.layout {
            Ok(layout) => layout,
            Err(error) => {
                told["slot"] = Value::Null;
                told["why"] = error.to_string().into();
                return told;
            }
        };
        let running = layout.running;
        told["slot"] = json!(running);
        match self.state() {
            Ok(state) => {
                told["permanent"] = json!(state.slot == running);
                told["next"] = json!(
                    state
                        .trial
                        .filter(|_| state.tries > 0)
                        .unwrap_or(state.slot)
                );
                told["trial"] = match state.trial {
                    None => Value::Null,
                    Some(trial) => json!({
                        "slot": trial,
                        "running": trial == running,
                        "tries_left": state.tries,
                    }),
                };
                told["why"] = state.reason.into();
                told["serial"] = state.serial.into();
            }
            Err(error) => {
                told["permanent"] = Value::Null;
                told["why"] = error.to_string().into();
            }
        }
        let records = self.records.lock();
        told["slots"] = json!({
            "a": records.held(Slot::A),
            "b": records.held(Slot::B),
        });
        let events: Vec<Value> = records.events().map(|event| json!(event)).collect();
        told["last"] = events.first().cloned().unwrap_or(Value::Null);
        told["events"] = events.into();
        told
    }
}
