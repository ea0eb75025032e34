//! The doctor at the terminal: observations in words, typed lines as decisions.

use std::sync::{Arc, Mutex, PoisonError};

use rounds_environments::clinic::knowledge::Knowledge;
use rounds_environments::nearest::nearest;
use rounds_models::{CallKey, Desk, ModelRequest, Typed};
use serde_json::{Value, json};

use super::lookup::{Found, condition, finding, listed};

/// What can be typed.
const HELP: &str = "\
  a question in words, or (part of) the name of a finding
  order NAME          ask for a finding, such as a test, by (part of) its name
  diagnose A; B; C    name the diagnoses, the most likely first, and end the visit
  refer SPECIALITY    pass the patient on and end the visit; `because REASON` may follow
  find WORD           list findings with this word; find alone lists the tests
  conditions WORD     list conditions with this word
  seen                what is known so far
  help, quit";

/// Puts a clinician's observations into words for a person.
///
/// A lone clinician is asked for its confidence before each question or list. The person is asked
/// once: what is typed then answers both.
#[derive(Debug)]
pub struct ClinicDesk {
    knowledge: Arc<Knowledge>,
    /// The decision that a confidence stood for, and of which request.
    meant: Mutex<Option<(CallKey, Value)>>,
}

impl ClinicDesk {
    /// A desk where findings and conditions of `knowledge` are known by name.
    pub fn new(knowledge: Arc<Knowledge>) -> Self {
        Self {
            knowledge,
            meant: Mutex::new(None),
        }
    }

    fn confidence(&self, request: &ModelRequest, decision: Value) -> Typed {
        let sure = decision.get("diagnose").is_some();
        let mut meant = self.meant.lock().unwrap_or_else(PoisonError::into_inner);
        *meant = Some((request.key.clone(), decision));
        let level = if sure { 5 } else { 1 };
        Typed::Reply(json!({ "confidence": level }).to_string())
    }

    fn order(&self, words: &str) -> Result<Value, String> {
        match finding(&self.knowledge, words) {
            Found::One(e) => Ok(json!({ "ask": self.knowledge.finding(e).id })),
            Found::Several(text) => Err(format!("Several findings fit; type more of one:\n{text}")),
            Found::None => {
                let names = self.knowledge.findings().iter().map(|f| f.name.as_str());
                Err(match nearest(words, names) {
                    Some(near) => format!("There is no finding {words:?}; did you mean {near:?}?"),
                    None => format!("There is no finding {words:?}; try `find WORD`."),
                })
            }
        }
    }

    fn diagnose(&self, words: &str) -> Result<Value, String> {
        let mut list = Vec::new();
        for name in words
            .split([';', ','])
            .map(str::trim)
            .filter(|n| !n.is_empty())
        {
            if let Some(quoted) = name.strip_prefix('"').and_then(|n| n.strip_suffix('"')) {
                list.push(quoted.to_owned());
                continue;
            }
            match condition(&self.knowledge, name) {
                Found::One(d) => list.push(self.knowledge.condition(d).name.clone()),
                Found::Several(text) => {
                    return Err(format!(
                        "Several conditions fit {name:?}; type more:\n{text}"
                    ));
                }
                Found::None => {
                    let names = self.knowledge.conditions().iter().map(|c| c.name.as_str());
                    let near = nearest(name, names)
                        .map_or(String::new(), |near| format!(" Did you mean {near:?}?"));
                    return Err(format!(
                        "No condition of the knowledge base is called {name:?}.{near} To name it \
                         all the same, put it in quotation marks."
                    ));
                }
            }
        }
        match list.is_empty() {
            true => Err("Name at least one: diagnose A; B; C".to_owned()),
            false => Ok(json!({ "diagnose": list })),
        }
    }

    /// A decision of a clinician, or what to say.
    fn decision(&self, line: &str, want: &[&str]) -> Result<Value, String> {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let decision = match word.to_lowercase().as_str() {
            "order" if rest.is_empty() => return Err("Order what? `find` lists the tests.".into()),
            "order" | "ask" if !rest.is_empty() => match self.order(rest) {
                Err(_) if word.eq_ignore_ascii_case("ask") => json!({ "ask": rest }),
                ordered => ordered?,
            },
            "diagnose" | "diagnosis" => self.diagnose(rest)?,
            "refer" if rest.is_empty() => return Err("Refer to which speciality?".to_owned()),
            "refer" => {
                let rest = rest.strip_prefix("to ").unwrap_or(rest);
                let (to, reason) = rest.split_once(" because ").unwrap_or((rest, ""));
                json!({ "refer": to.trim(), "reason": reason.trim() })
            }
            _ => match finding(&self.knowledge, line) {
                Found::One(e) => json!({ "ask": self.knowledge.finding(e).id }),
                Found::Several(text) if line.split_whitespace().count() < 3 => {
                    return Err(format!("Several findings fit; type more of one:\n{text}"));
                }
                _ => json!({ "ask": line }),
            },
        };
        let fits = want.iter().any(|key| decision.get(*key).is_some());
        // A confidence is asked for in place of what follows it.
        if fits || want.contains(&"confidence") {
            Ok(decision)
        } else {
            Err(format!("Now is the time to {}.", want.join(" or to ")))
        }
    }
}

impl Desk for ClinicDesk {
    fn known(&self, request: &ModelRequest) -> Option<String> {
        let mut meant = self.meant.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, decision) = meant.take()?;
        let same = (key.episode, key.agent, key.round)
            == (request.key.episode, request.key.agent, request.key.round);
        let seen = seen(request);
        let wanted = want(&seen).iter().any(|key| decision.get(*key).is_some());
        // A note says that the decision was of no use.
        (same && wanted && request.messages.len() == 1).then(|| decision.to_string())
    }

    fn show(&self, request: &ModelRequest) -> String {
        if let [_, .., note] = &request.messages[..] {
            return format!("That is of no use: {}", note.content);
        }
        let seen = seen(request);
        let mut text = String::new();
        let exchanges = seen["exchanges"].as_array().map_or(&[][..], Vec::as_slice);
        match exchanges.last() {
            None => text.push_str(&format!("Patient: {}\n", word(&seen["introduction"]))),
            Some(last) => text.push_str(&format!(
                "Patient: {}{}\n",
                sentence(word(&last["answer"])),
                match last["cost"].as_f64() {
                    Some(cost) if cost > 0.0 => format!("   [{cost:.0} USD]"),
                    _ => String::new(),
                }
            )),
        }
        text.push_str(&prompt(&seen));
        text
    }

    fn take(&self, request: &ModelRequest, line: &str) -> Typed {
        let seen = seen(request);
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match word.to_lowercase().as_str() {
            "help" | "?" => return Typed::Say(HELP.to_owned()),
            "quit" | "exit" if rest.is_empty() => return Typed::Quit,
            "find" => return Typed::Say(listed(&self.knowledge, rest.trim())),
            "conditions" => {
                let fits = |name: &str| name.to_lowercase().contains(&rest.trim().to_lowercase());
                let names = self.knowledge.conditions().iter().map(|c| c.name.as_str());
                let names: Vec<&str> = names.filter(|name| fits(name)).collect();
                return Typed::Say(format!("  {}", names.join("; ")));
            }
            "seen" if rest.is_empty() => return Typed::Say(so_far(&seen)),
            _ => {}
        }
        let names = || -> Vec<&str> {
            let parts = line.split([';', ',']).map(str::trim);
            parts.filter(|name| !name.is_empty()).collect()
        };
        let reply = |value: Value| Typed::Reply(value.to_string());
        match seen["task"].as_str() {
            Some("triage") if names().is_empty() => Typed::Say("Name at least one.".to_owned()),
            // An empty line keeps the team.
            Some("triage" | "coordinate") => reply(json!({ "team": names() })),
            Some("vote") => match line.to_lowercase().as_str() {
                "yes" | "y" | "agree" => reply(json!({ "vote": true })),
                "no" | "n" | "disagree" => reply(json!({ "vote": false })),
                _ => Typed::Say("Type yes or no.".to_owned()),
            },
            _ if line.is_empty() => Typed::Say("`help` lists what can be typed.".to_owned()),
            task => match self.decision(line, &want(&seen)) {
                Ok(decision) if task == Some("confidence") => self.confidence(request, decision),
                Ok(decision) => reply(decision),
                Err(say) => Typed::Say(say),
            },
        }
    }
}

fn seen(request: &ModelRequest) -> Value {
    let text = request.messages.first().map_or("", |m| m.content.as_str());
    serde_json::from_str(text).unwrap_or_default()
}

fn want(seen: &Value) -> Vec<&str> {
    let keys = seen["want"].as_array().into_iter().flatten();
    keys.filter_map(Value::as_str).collect()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// `yes` as `Yes.`
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    let end = if text.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{}{}{end}", first.unwrap_or_default(), letters.as_str())
}

fn names(value: &Value) -> String {
    let names: Vec<&str> = value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    names.join("; ")
}

fn prompt(seen: &Value) -> String {
    let most = &seen["most"];
    match word(&seen["task"]) {
        "triage" => {
            format!("Which specialities shall see the patient? At most {most}, with ; between:")
        }
        "coordinate" => format!(
            "The team is {}. Type that of the next round, at most {most}, or nothing to keep it:",
            names(&seen["team"])
        ),
        "vote" => format!(
            "A colleague proposes to {}: {}. Do you agree?",
            word(&seen["proposal"]["type"]),
            names(&seen["proposal"]["content"])
        ),
        _ if !want(seen).contains(&"ask") && !want(seen).contains(&"confidence") => {
            "A diagnosis is due: diagnose A; B; C".to_owned()
        }
        _ => format!(
            "Round {}, {}: ask, order, diagnose or refer (help):",
            seen["round"],
            word(&seen["speciality"])
        ),
    }
}

fn so_far(seen: &Value) -> String {
    let mut text = format!("  {}", word(&seen["introduction"]));
    for exchange in seen["exchanges"].as_array().into_iter().flatten() {
        text.push_str(&format!(
            "\n  {} {}",
            word(&exchange["question"]),
            sentence(word(&exchange["answer"]))
        ));
    }
    text
}
