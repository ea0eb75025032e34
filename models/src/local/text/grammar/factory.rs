//! Grammars for one tokenizer.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use llguidance::api::TopLevelGrammar;
use llguidance::{Matcher, ParserFactory};
use serde_json::{Value, json};
use toktrie::TokEnv;

use super::error::GrammarError;
use super::keywords::check;
use super::numbers::bound;
use super::state::GrammarState;
use super::vocabulary::Vocabulary;
use crate::local::text::tokenizer::Tokenizer;
use crate::schema::Schema;

/// Schemas whose grammars are kept: as many as a simulation's protocols have, and some more.
const KEPT: usize = 64;

/// Makes grammars for the tokens of one tokenizer.
///
/// Grammars of schemas are kept, so that a schema that many requests carry is read once.
///
/// # Examples
/// ```
/// use rounds_models::Schema;
/// use rounds_models::local::text::{BpeTraining, Grammar};
///
/// let tokenizer = BpeTraining::default().train(["a b"])?;
/// let grammar = Grammar::new(&tokenizer, &tokenizer.eos_ids())?;
/// let schema = Schema::new(&serde_json::json!({"enum": ["yes", "no"]}));
/// let mut state = grammar.json_schema(&schema)?;
/// let quote = tokenizer.encode("\"", false)?[0];
/// assert_eq!(state.forced_token()?, Some(quote));
/// state.accept(quote)?;
/// assert_eq!(state.mask()?.count(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Grammar {
    factory: ParserFactory,
    kept: Mutex<HashMap<String, Matcher>>,
}

impl fmt::Debug for Grammar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grammar").finish_non_exhaustive()
    }
}

impl Grammar {
    /// Grammars over the tokens of `tokenizer`, of which `eos` end a reply.
    ///
    /// # Errors
    /// [`GrammarError::NoEos`] for no such token, [`GrammarError::UnknownEos`] for one that the
    /// tokenizer does not have.
    pub fn new(tokenizer: &Tokenizer, eos: &[u32]) -> Result<Self, GrammarError> {
        let env: TokEnv = Arc::new(Vocabulary::new(tokenizer, eos)?);
        let mut factory =
            ParserFactory::new_simple(&env).map_err(|error| GrammarError::Failed {
                reason: format!("{error:#}"),
            })?;
        factory.quiet();
        factory.limits_mut().verbose_errors = false;
        Ok(Self {
            factory,
            kept: Mutex::default(),
        })
    }

    /// The state of a reply that is JSON of `schema`, without white space between its parts and
    /// with the properties in the schema's order. Numbers without bounds stay within 1e15 and
    /// have no exponent; properties that the schema does not name are allowed unless it says
    /// `"additionalProperties": false`, as in any JSON schema.
    ///
    /// # Errors
    /// [`GrammarError::Keyword`] and [`GrammarError::Form`] name the place in the schema;
    /// [`GrammarError::Refused`] where no value satisfies it or the library cannot keep it.
    pub fn json_schema(&self, schema: &Schema) -> Result<GrammarState, GrammarError> {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(matcher) = kept().get(schema.text()) {
            return Ok(GrammarState::new(matcher.deep_clone()));
        }
        let mut value = schema.value();
        check(&value, "#")?;
        bound(&mut value);
        let compact = json!({"whitespace_flexible": false});
        match &mut value {
            Value::Object(object) => {
                object.insert("x-guidance".to_owned(), compact);
            }
            Value::Bool(true) => value = json!({"x-guidance": compact}),
            _ => {
                return Err(GrammarError::Refused {
                    kind: "schema",
                    reason: "no value satisfies it".to_owned(),
                });
            }
        }
        let matcher = self.matcher("schema", TopLevelGrammar::from_json_schema(value))?;
        let mut kept = kept();
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(schema.text().to_owned(), matcher.deep_clone());
        Ok(GrammarState::new(matcher))
    }

    /// The state of a reply that `expression` matches as a whole, in the notation of Rust's
    /// crate `regex` without anchors and look-around.
    ///
    /// # Errors
    /// [`GrammarError::Refused`] says what is wrong with the expression.
    pub fn regex(&self, expression: &str) -> Result<GrammarState, GrammarError> {
        let grammar = TopLevelGrammar::from_regex(expression);
        Ok(GrammarState::new(
            self.matcher("regular expression", grammar)?,
        ))
    }

    /// The state of a reply of a grammar in the notation of Lark, whose first rule is `start`.
    ///
    /// # Errors
    /// [`GrammarError::Refused`] says what is wrong with the grammar.
    pub fn lark(&self, grammar: &str) -> Result<GrammarState, GrammarError> {
        let grammar = TopLevelGrammar::from_lark(grammar.to_owned());
        Ok(GrammarState::new(self.matcher("Lark grammar", grammar)?))
    }

    fn matcher(
        &self,
        kind: &'static str,
        grammar: TopLevelGrammar,
    ) -> Result<Matcher, GrammarError> {
        let refused = |reason| GrammarError::Refused { kind, reason };
        let parser = self
            .factory
            .create_parser(grammar)
            .map_err(|error| refused(format!("{error:#}")))?;
        let matcher = Matcher::new(Ok(parser));
        match matcher.get_error() {
            Some(reason) => Err(refused(reason)),
            None => Ok(matcher),
        }
    }
}
