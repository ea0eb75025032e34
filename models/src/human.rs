//! A model that is the person at the terminal.

use std::io;
use std::sync::Arc;

use crate::error::ModelError;
use crate::model::{Completion, LanguageModel};
use crate::request::{ModelReply, ModelRequest};

/// Where a person reads and types.
pub trait Console: Send + Sync {
    /// Shows a text.
    fn say(&self, text: &str);

    /// The next line that is typed, without its end; `None` when there is no more to come.
    ///
    /// # Errors
    /// When it cannot be read.
    fn line(&self) -> io::Result<Option<String>>;
}

/// What a typed line comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// The reply to the request.
    Reply(String),
    /// Something to tell, after which the person is asked again.
    Say(String),
    /// The person wants to end.
    Quit,
}

/// Puts requests into words for a person, and what the person types into replies.
pub trait Desk: Send + Sync {
    /// A reply that is known already, from what was typed before.
    fn known(&self, request: &ModelRequest) -> Option<String> {
        let _ = request;
        None
    }

    /// The request in words, with a prompt at its end.
    fn show(&self, request: &ModelRequest) -> String;

    /// What `line` comes to.
    fn take(&self, request: &ModelRequest, line: &str) -> Typed;
}

/// A person: asked one request after the other, whole lines at a time.
pub struct HumanModel {
    name: String,
    console: Arc<dyn Console>,
    desk: Arc<dyn Desk>,
}

impl HumanModel {
    /// The person at `console`, for whom `desk` translates.
    pub fn new(name: impl Into<String>, console: Arc<dyn Console>, desk: Arc<dyn Desk>) -> Self {
        Self {
            name: name.into(),
            console,
            desk,
        }
    }

    fn ask(&self, request: &ModelRequest) -> Result<ModelReply, ModelError> {
        let reply = |text| ModelReply {
            text,
            ..ModelReply::default()
        };
        if let Some(text) = self.desk.known(request) {
            return Ok(reply(text));
        }
        self.console.say(&self.desk.show(request));
        let unanswered = |why: String| ModelError::Unanswered { why };
        loop {
            let line = match self.console.line() {
                Ok(Some(line)) => line,
                Ok(None) => return Err(unanswered("the input ended".to_owned())),
                Err(error) => return Err(unanswered(format!("the input cannot be read: {error}"))),
            };
            match self.desk.take(request, line.trim()) {
                Typed::Reply(text) => return Ok(reply(text)),
                Typed::Say(text) => self.console.say(&text),
                Typed::Quit => return Err(unanswered("the user quit".to_owned())),
            }
        }
    }
}

impl LanguageModel for HumanModel {
    fn name(&self) -> &str {
        &self.name
    }

    /// Blocks the thread of its server, which has nothing else to do.
    fn complete<'a>(&'a self, requests: &'a [ModelRequest]) -> Completion<'a> {
        Box::pin(async move { requests.iter().map(|request| self.ask(request)).collect() })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use super::*;
    use crate::request::tests::request;

    #[derive(Default)]
    struct Script(Mutex<(VecDeque<&'static str>, Vec<String>)>);

    impl Console for Script {
        fn say(&self, text: &str) {
            self.0.lock().unwrap().1.push(text.to_owned());
        }

        fn line(&self) -> io::Result<Option<String>> {
            Ok(self.0.lock().unwrap().0.pop_front().map(str::to_owned))
        }
    }

    struct Echo;

    impl Desk for Echo {
        fn show(&self, request: &ModelRequest) -> String {
            request.messages[1].content.clone()
        }

        fn take(&self, _: &ModelRequest, line: &str) -> Typed {
            match line {
                "help" => Typed::Say("type something".to_owned()),
                "quit" => Typed::Quit,
                other => Typed::Reply(other.to_owned()),
            }
        }
    }

    #[test]
    fn a_person_is_asked_until_there_is_a_reply_or_an_end() {
        let script = Arc::new(Script::default());
        script.0.lock().unwrap().0.extend(["help", "yes", "quit"]);
        let model = HumanModel::new("me", script.clone(), Arc::new(Echo));
        assert_eq!(model.ask(&request(0, "well?")).unwrap().text, "yes");
        let why = |result: Result<ModelReply, ModelError>| result.unwrap_err().to_string();
        assert_eq!(why(model.ask(&request(1, "more?"))), "the user quit");
        assert_eq!(why(model.ask(&request(2, "more?"))), "the input ended");
        let said = &script.0.lock().unwrap().1;
        assert_eq!(*said, ["well?", "type something", "more?", "more?"]);
    }
}
