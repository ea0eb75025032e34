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
/// Most tokens of the reply that prepares a grammar.
const WALK: usize = 64;

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
    kept: Mutex<HashMap<String, Kept>>,
}

/// The grammar of a schema at the begin of a reply.
struct Kept {
    matcher: Matcher,
    prepared: bool,
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
        if let Some(kept) = kept().get_mut(schema.text()) {
            if !kept.prepared {
                prepare(&mut kept.matcher);
                kept.prepared = true;
            }
            return Ok(GrammarState::new(kept.matcher.deep_clone()));
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
        let first = Kept {
            matcher: matcher.deep_clone(),
            prepared: false,
        };
        kept.insert(schema.text().to_owned(), first);
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

/// Follows one made-up reply, so that the states of the lexer are there that replies come through: copies of
/// the grammar need not compute them again. What a grammar allows stays as it is.
fn prepare(matcher: &mut Matcher) {
    let copy = matcher.deep_clone();
    // This clone shares the lexer's states with the copy, and nothing else.
    let mut reply = copy.clone();
    let mut draw = 1_u32;
    for _ in 0..WALK {
        if reply.is_stopped() {
            break;
        }
        let Ok(mask) = reply.compute_mask() else {
            return;
        };
        // Numbers of a linear congruence; any tokens that are not always the same will do.
        draw = draw.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        let at = (draw >> 8) as usize % mask.num_set().max(1);
        let Some(token) = mask.iter().nth(at) else {
            return;
        };
        if reply.consume_token(token).is_err() {
            return;
        }
    }
    *matcher = copy;
}
