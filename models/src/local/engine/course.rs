//! One reply on its way.

use std::sync::Arc;

use super::request::{Form, Generated, GenerationError, GenerationRequest};
use crate::local::text::{
    Detokenizer, DrawKey, Grammar, GrammarState, Sampled, Sampler, Sampling, Seen, Step,
    StopReason, StopWatch, TokenMask, TokenTable,
};
use crate::request::TokenLogprob;

/// One reply on its way: what was drawn, and what decides on the next token.
#[derive(Debug)]
pub(super) struct Course {
    sampling: Sampling,
    draw: DrawKey,
    allowed: Arc<TokenMask>,
    grammar: Option<GrammarState>,
    watch: StopWatch,
    detokenizer: Detokenizer,
    table: Arc<TokenTable>,
    seen: Seen,
    wants_logprobs: bool,
    /// Whether tokens that must come next are taken without asking the model.
    skips_forced: bool,
    tokens: Vec<u32>,
    handed: usize,
    logprobs: Vec<TokenLogprob>,
    text: String,
    told: usize,
    prompt_tokens: u64,
    most_tokens: usize,
}

impl Course {
    /// The begin of a reply, without any token. `allowed` are the tokens that may be drawn at all, `eos` those that end a
    /// reply, `context` is the most tokens of prompt and reply.
    ///
    /// # Errors
    /// [`GenerationError`] when the request cannot be served.
    pub(super) fn begin(
        request: &GenerationRequest,
        grammars: &Grammar,
        allowed: Arc<TokenMask>,
        eos: &[u32],
        table: &Arc<TokenTable>,
        context: usize,
    ) -> Result<Self, GenerationError> {
        let vocab = allowed.len();
        if request.prompt.is_empty() {
            return Err(GenerationError::Empty);
        }
        if request.prompt.len() >= context {
            return Err(GenerationError::TooLong {
                prompt: request.prompt.len(),
                most: context - 1,
                context,
            });
        }
        if let Some(&token) = request
            .prompt
            .iter()
            .find(|token| **token as usize >= vocab)
        {
            return Err(GenerationError::Token { token, vocab });
        }
        request.sampling.validate(vocab)?;
        let grammar = match &request.form {
            Form::Free => None,
            Form::JsonSchema(schema) => Some(grammars.json_schema(schema)?),
            Form::Regex(expression) => Some(grammars.regex(expression)?),
            Form::Lark(text) => Some(grammars.lark(text)?),
        };
        let watch = StopWatch::new(eos.to_vec(), request.stop.clone())?
            .max_tokens(request.max_tokens.max(1))
            .context_left((context - request.prompt.len()) as u64);
        Ok(Self {
            seen: match request.sampling.has_penalties() {
                true => Seen::of_prompt(&request.prompt),
                false => Seen::default(),
            },
            sampling: request.sampling.clone(),
            draw: request.draw,
            allowed,
            grammar,
            watch,
            detokenizer: Detokenizer::new(Arc::clone(table)),
            table: Arc::clone(table),
            wants_logprobs: request.logprobs,
            // The log-probability of a token needs its logits; a bias can forbid the only token left.
            skips_forced: !request.logprobs && request.sampling.logit_bias.is_empty(),
            tokens: Vec::new(),
            handed: 0,
            logprobs: Vec::new(),
            text: String::new(),
            told: 0,
            prompt_tokens: request.prompt.len() as u64,
            most_tokens: usize::try_from(request.max_tokens)
                .unwrap_or(usize::MAX)
                .clamp(1, context - request.prompt.len()),
        })
    }

    /// Asks the model for every token.
    pub(super) fn ask_for_all(&mut self) {
        self.skips_forced = false;
    }

    /// Most tokens that the reply can have.
    pub(super) fn most_tokens(&self) -> usize {
        self.most_tokens
    }

    /// Computes the mask of the next token, where there is one; it depends on the tokens so far
    /// alone.
    pub(super) fn prepare(&mut self) {
        if let Some(grammar) = &mut self.grammar {
            // An error stays, and comes again when the token is drawn.
            let _ = grammar.mask();
        }
    }

    /// Draws the next token from `logits`, `[vocab]`, and takes those that must follow it: why the
    /// reply ends with them if it does.
    ///
    /// # Errors
    /// [`GenerationError`] when none can be drawn.
    pub(super) fn advance(
        &mut self,
        logits: &[f32],
        sampler: &mut Sampler,
    ) -> Result<Option<StopReason>, GenerationError> {
        let allowed = match &mut self.grammar {
            Some(grammar) => grammar.mask()?,
            None => &*self.allowed,
        };
        let at = self.tokens.len() as u64;
        let drawn = sampler.sample(&Step {
            logits,
            sampling: &self.sampling,
            seen: &self.seen,
            allowed: Some(allowed),
            key: self.draw,
            index: at,
        });
        let Sampled { token, logprob } =
            drawn.map_err(|source| GenerationError::Sample { at, source })?;
        if self.wants_logprobs {
            let bytes = self.table.bytes(token).unwrap_or_default();
            self.logprobs.push(TokenLogprob {
                token: String::from_utf8_lossy(bytes).into_owned(),
                logprob,
            });
        }
        match self.take(token)? {
            None => self.take_forced(),
            ended => Ok(ended),
        }
    }

    /// Takes the tokens that must come next: why the reply ends with them if it does.
    ///
    /// # Errors
    /// [`GenerationError`] when the grammar fails.
    pub(super) fn take_forced(&mut self) -> Result<Option<StopReason>, GenerationError> {
        while self.skips_forced
            && let Some(grammar) = &mut self.grammar
            && let Some(token) = grammar.forced_token()?
        {
            if let Some(ended) = self.take(token)? {
                return Ok(Some(ended));
            }
        }
        Ok(None)
    }

    fn take(&mut self, token: u32) -> Result<Option<StopReason>, GenerationError> {
        self.tokens.push(token);
        if self.sampling.has_penalties() {
            self.seen.push(token);
        }
        self.ends_with(token)
    }

    /// Tokens of the reply that were not taken yet.
    pub(super) fn new_tokens(&mut self) -> &[u32] {
        let from = std::mem::replace(&mut self.handed, self.tokens.len());
        &self.tokens[from..]
    }

    fn ends_with(&mut self, token: u32) -> Result<Option<StopReason>, GenerationError> {
        let ended = self.watch.token(token);
        if let Some(grammar) = &mut self.grammar {
            grammar.accept(token)?;
        }
        if ended.is_some() {
            self.close();
            return Ok(ended);
        }
        let text = self.detokenizer.push(token);
        if let Some(stopped) = self.watch.text(text, &mut self.text) {
            return Ok(Some(stopped));
        }
        let whole = self.grammar.as_ref().is_some_and(GrammarState::is_stopped);
        let ended = match whole {
            true => Some(StopReason::Grammar),
            false => self.watch.limit(),
        };
        if ended.is_some() {
            self.close();
        }
        Ok(ended)
    }

    /// Adds what was held back.
    fn close(&mut self) {
        let rest = self.detokenizer.finish();
        if self.watch.text(rest, &mut self.text).is_none() {
            self.watch.finish(&mut self.text);
        }
    }

    /// Text that was not taken yet.
    pub(super) fn news(&mut self) -> &str {
        let from = std::mem::replace(&mut self.told, self.text.len());
        &self.text[from..]
    }

    /// The reply, which ended for `reason`.
    pub(super) fn end(self, reason: StopReason) -> Generated {
        Generated {
            text: self.text,
            tokens: self.tokens,
            logprobs: self.logprobs,
            reason,
            prompt_tokens: self.prompt_tokens,
        }
    }
}
