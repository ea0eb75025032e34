//! What the runner and the decision systems tell each other.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use bevy_ecs::prelude::*;
use rounds_models::{CallRecord, Finished, ModelRequest, ModelServer};

/// What the runner and the decision systems tell each other.
///
/// One channel serves all kinds of decisions of a world, so that the runner can sleep on it.
#[derive(Resource, Debug)]
pub(super) struct Inbox {
    /// Calls that ended since the runner looked.
    pub(super) calls: Vec<CallRecord>,
    /// Replies that arrived and were not read yet.
    pub(super) arrived: Vec<Finished>,
    /// Where models send their replies.
    reply_to: Sender<Finished>,
    replies: Mutex<Receiver<Finished>>,
    next_ticket: u64,
    /// Requests that models have.
    open: usize,
    /// Requests that found the queue of their model full, in order.
    unsent: VecDeque<Unsent>,
}

#[derive(Debug)]
struct Unsent {
    server: Arc<ModelServer>,
    ticket: u64,
    request: ModelRequest,
}

impl Default for Inbox {
    fn default() -> Self {
        let (reply_to, replies) = channel();
        Self {
            calls: Vec::new(),
            arrived: Vec::new(),
            reply_to,
            replies: Mutex::new(replies),
            next_ticket: 0,
            open: 0,
            unsent: VecDeque::new(),
        }
    }
}

impl Inbox {
    /// A ticket for a further request.
    pub(super) fn ticket(&mut self) -> u64 {
        self.next_ticket += 1;
        self.next_ticket
    }

    /// Hands a request to its model, or keeps it for a later tick when the model's queue is full.
    pub(super) fn send(&mut self, server: &Arc<ModelServer>, ticket: u64, request: ModelRequest) {
        match server.submit(ticket, request, &self.reply_to) {
            Ok(()) => self.open += 1,
            Err(request) => self.unsent.push_back(Unsent {
                server: Arc::clone(server),
                ticket,
                request,
            }),
        }
    }

    fn send_again(&mut self) {
        for Unsent {
            server,
            ticket,
            request,
        } in std::mem::take(&mut self.unsent)
        {
            self.send(&server, ticket, request);
        }
    }

    fn take_arrived(&mut self, first: Option<Finished>) {
        if let Ok(replies) = self.replies.get_mut() {
            let before = self.arrived.len();
            self.arrived.extend(first);
            self.arrived.extend(replies.try_iter());
            self.open = self.open.saturating_sub(self.arrived.len() - before);
        }
    }

    /// Blocks until a reply arrives or, when none is awaited because other worlds fill the
    /// model's queue, until there is room for a request. `false` when there is nothing to wait for.
    pub(super) fn sleep(&mut self) -> bool {
        if self.open > 0 {
            let first = self
                .replies
                .get_mut()
                .ok()
                .and_then(|replies| replies.recv().ok());
            self.take_arrived(first);
            return true;
        }
        let Some(Unsent {
            server,
            ticket,
            request,
        }) = self.unsent.pop_front()
        else {
            return false;
        };
        server.submit_when_free(ticket, request, &self.reply_to);
        self.open += 1;
        true
    }
}

/// Takes the replies that arrived from the channel, and sends what had no room before.
pub(super) fn receive_replies(mut inbox: ResMut<Inbox>) {
    if inbox.open > 0 {
        inbox.take_arrived(None);
    }
    if !inbox.unsent.is_empty() {
        inbox.send_again();
    }
}
