//! The queues: SQS as far as functions and operators can tell.
//!
//! A message that was taken is kept until it is deleted, whatever is killed meanwhile. While it is being worked on it is
//! hidden from others, which a restart forgets: it is then given out once more, as SQS may do at any time.

mod journal;

use crate::failure::{Context, Failure, Result};
use crate::template::{QueueResource, queue_arn};
use journal::{Entry, Journal};
use serde::{Deserialize, Serialize};
use shared::clock::Clock;
use shared::entropy::{SystemEntropy, uuid};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// Largest message in bytes, body and attributes together.
pub const MAX_MESSAGE: usize = 1024 * 1024;

/// All queues of a stack.
#[derive(Clone)]
pub struct Queues(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    /// Counts what may have made a message visible.
    changes: watch::Sender<u64>,
}

struct State {
    queues: BTreeMap<String, Queue>,
    journal: Journal,
    /// Messages are given out in this order, as far as they are visible.
    next_place: u64,
}

struct Queue {
    resource: QueueResource,
    messages: BTreeMap<u64, Held>,
}

struct Held {
    message: Message,
    /// Milliseconds since the epoch.
    visible_from: i64,
    receipt: Option<String>,
}

/// A message in a queue. Its `Debug` does not show what it says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Identifier; stays the same in a dead-letter queue.
    pub id: String,
    /// What was sent.
    pub body: String,
    /// Attributes that its sender gave it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Attribute>,
    /// When it was sent, in milliseconds since the epoch.
    pub sent: i64,
    /// How often it was given out.
    #[serde(default)]
    pub receives: u32,
    /// When it was first given out, in milliseconds since the epoch.
    #[serde(default)]
    pub first_received: Option<i64>,
}

/// A message attribute; binary ones are not known to the local stack.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Attribute {
    /// `String` or `Number`, perhaps with a label after a dot.
    pub data_type: String,
    /// The value.
    pub string_value: String,
}

impl Message {
    fn count_receive(&mut self, at: i64) {
        self.receives += 1;
        self.first_received.get_or_insert(at);
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Message").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A message that was given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The message.
    pub message: Message,
    /// By this it is deleted, or shown again.
    pub receipt: String,
}

/// How many messages a queue holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Ready to be given out.
    pub visible: usize,
    /// Given out and not yet deleted.
    pub hidden: usize,
}

impl Queues {
    /// Opens the queues. `journal` is the file that keeps the messages; `None` keeps none.
    ///
    /// # Errors
    /// When the file cannot be read or written, or a dead-letter queue does not exist.
    pub fn open(resources: &[QueueResource], journal: Option<&Path>, clock: Arc<dyn Clock>) -> Result<Self> {
        let mut queues = BTreeMap::new();
        for resource in resources {
            if let Some(redrive) = &resource.redrive
                && !resources.iter().any(|other| other.name == redrive.queue)
            {
                return Err(Failure::new(format!("{}: no queue {}", resource.name, redrive.queue)));
            }
            let queue = Queue { resource: resource.clone(), messages: BTreeMap::new() };
            queues.insert(resource.name.clone(), queue);
        }
        let (journal, left) = Journal::open(journal)?;
        let mut state = State { queues, journal, next_place: 0 };
        for (name, message) in left {
            // A queue that has left the template may come back: its messages wait for it.
            let orphanage = || Queue {
                resource: QueueResource { name: name.clone(), visibility: Duration::ZERO, redrive: None },
                messages: BTreeMap::new(),
            };
            state.queues.entry(name.clone()).or_insert_with(orphanage);
            state.hold(&name, message);
        }
        Ok(Self(Arc::new(Shared { state: Mutex::new(state), clock, changes: watch::Sender::new(0) })))
    }

    /// Whether there is such a queue.
    pub fn has(&self, queue: &str) -> bool {
        self.lock().queues.contains_key(queue)
    }

    /// The queue's Amazon Resource Name, and its settings.
    ///
    /// # Errors
    /// When there is no such queue.
    pub fn describe(&self, queue: &str) -> Result<(String, QueueResource)> {
        let state = self.lock();
        let found = state.queues.get(queue).ok_or_else(|| no_such(queue))?;
        Ok((queue_arn(queue), found.resource.clone()))
    }

    /// Takes a message; when this returns, it is on the disk.
    ///
    /// # Errors
    /// When there is no such queue, or it cannot be kept.
    pub async fn send(
        &self,
        queue: &str,
        body: String,
        attributes: BTreeMap<String, Attribute>,
    ) -> Result<String> {
        let id = uuid(&SystemEntropy::new());
        let message =
            Message { id: id.clone(), body, attributes, sent: self.now(), receives: 0, first_received: None };
        let written = {
            let mut state = self.lock();
            if !state.queues.contains_key(queue) {
                return Err(no_such(queue));
            }
            state.journal.write(&Entry::Kept { queue: queue.to_owned(), message: message.clone() })?;
            let written = state.journal.file()?;
            state.hold(queue, message);
            written
        };
        if let Some(file) = written {
            let synced = spawn_blocking(move || file.sync_data()).await;
            synced.context("the journal of the queues")?.context("the journal of the queues")?;
        }
        self.announce();
        Ok(id)
    }

    /// Gives out up to `most` visible messages, oldest first, and hides them: for `visibility`, or else as long as the queue
    /// says. One that was given out too often goes to the dead-letter queue instead.
    ///
    /// # Errors
    /// When there is no such queue, or the journal cannot be written.
    pub fn receive(&self, queue: &str, most: usize, visibility: Option<Duration>) -> Result<Vec<Received>> {
        let now = self.now();
        let mut state = self.lock();
        let found = state.queues.get(queue).ok_or_else(|| no_such(queue))?;
        let QueueResource { visibility: usual, redrive, .. } = found.resource.clone();
        let visible: Vec<u64> = found
            .messages
            .iter()
            .filter(|(_, held)| held.visible_from <= now)
            .map(|(place, _)| *place)
            .collect();
        let (mut received, mut moved) = (Vec::new(), false);
        for place in visible {
            if received.len() == most {
                break;
            }
            let State { queues, journal, .. } = &mut *state;
            let Some(messages) = queues.get_mut(queue).map(|queue| &mut queue.messages) else { break };
            let Some(held) = messages.get_mut(&place) else { continue };
            if let Some(redrive) =
                redrive.as_ref().filter(|redrive| held.message.receives >= redrive.max_receives)
            {
                let id = held.message.id.clone();
                journal.write(&Entry::Moved { id, to: redrive.queue.clone() })?;
                if let Some(held) = messages.remove(&place) {
                    state.hold(&redrive.queue, held.message);
                    moved = true;
                }
                continue;
            }
            journal.write(&Entry::Received { id: held.message.id.clone(), at: now })?;
            held.message.count_receive(now);
            held.visible_from = now.saturating_add(millis(visibility.unwrap_or(usual)));
            let receipt = uuid(&SystemEntropy::new());
            held.receipt = Some(receipt.clone());
            received.push(Received { message: held.message.clone(), receipt });
        }
        drop(state);
        if moved {
            self.announce();
        }
        Ok(received)
    }

    /// Deletes a message. A receipt that no longer counts deletes nothing.
    ///
    /// # Errors
    /// When there is no such queue, or the journal cannot be written.
    pub fn delete(&self, queue: &str, receipt: &str) -> Result<()> {
        let mut state = self.lock();
        let Some((place, id)) = state.find(queue, receipt)? else { return Ok(()) };
        state.journal.write(&Entry::Deleted { id })?;
        if let Some(queue) = state.queues.get_mut(queue) {
            queue.messages.remove(&place);
        }
        Ok(())
    }

    /// Shows a message again after this time, counted from now; whether the receipt still counted.
    ///
    /// # Errors
    /// When there is no such queue.
    pub fn show_after(&self, queue: &str, receipt: &str, delay: Duration) -> Result<bool> {
        let visible_from = self.now().saturating_add(millis(delay));
        let mut state = self.lock();
        let Some((place, _)) = state.find(queue, receipt)? else { return Ok(false) };
        if let Some(held) = state.queues.get_mut(queue).and_then(|queue| queue.messages.get_mut(&place)) {
            held.visible_from = visible_from;
        }
        drop(state);
        self.announce();
        Ok(true)
    }

    /// How many messages the queue holds.
    ///
    /// # Errors
    /// When there is no such queue.
    pub fn depth(&self, queue: &str) -> Result<Depth> {
        let now = self.now();
        let state = self.lock();
        let found = state.queues.get(queue).ok_or_else(|| no_such(queue))?;
        let visible = found.messages.values().filter(|held| held.visible_from <= now).count();
        Ok(Depth { visible, hidden: found.messages.len() - visible })
    }

    /// Waits until the queue has a visible message.
    ///
    /// # Errors
    /// When there is no such queue.
    pub async fn wait(&self, queue: &str) -> Result<()> {
        let mut changes = self.0.changes.subscribe();
        loop {
            changes.mark_unchanged();
            let now = self.now();
            let next = {
                let state = self.lock();
                let found = state.queues.get(queue).ok_or_else(|| no_such(queue))?;
                found.messages.values().map(|held| held.visible_from).min()
            };
            match next {
                Some(visible_from) if visible_from <= now => return Ok(()),
                Some(visible_from) => {
                    let rest = Duration::from_millis(visible_from.abs_diff(now));
                    tokio::select! {
                        // The sender is in `self`, so waiting cannot fail.
                        _ = changes.changed() => {}
                        () = sleep(rest) => {}
                    }
                }
                None => {
                    let _ = changes.changed().await;
                }
            }
        }
    }

    fn announce(&self) {
        self.0.changes.send_modify(|changes| *changes += 1);
    }

    fn now(&self) -> i64 {
        self.0.clock.now().millis()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Puts a message behind all others; visible at once.
    fn hold(&mut self, queue: &str, message: Message) {
        let place = self.next_place;
        self.next_place += 1;
        if let Some(queue) = self.queues.get_mut(queue) {
            queue.messages.insert(place, Held { message, visible_from: 0, receipt: None });
        }
    }

    /// Place and identifier of the message that was last given out with this receipt.
    fn find(&self, queue: &str, receipt: &str) -> Result<Option<(u64, String)>> {
        let found = self.queues.get(queue).ok_or_else(|| no_such(queue))?;
        let of = |held: &&Held| held.receipt.as_deref() == Some(receipt);
        let place = found.messages.iter().find(|(_, held)| of(held));
        Ok(place.map(|(place, held)| (*place, held.message.id.clone())))
    }
}

fn no_such(queue: &str) -> Failure {
    Failure::new(format!("there is no queue {queue}"))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
