//! A value that a test and the tasks of a fake share.

use std::sync::{Arc, Mutex, PoisonError};

/// A handle to one value. Whoever holds a handle sees the others' changes.
pub struct Shared<T>(Arc<Mutex<T>>);

impl<T> Shared<T> {
    /// A new value, with one handle to it.
    pub fn new(value: T) -> Self {
        Self(Arc::new(Mutex::new(value)))
    }

    /// Looks at the value or changes it, while nobody else does.
    pub fn with<R>(&self, look: impl FnOnce(&mut T) -> R) -> R {
        // A test that panicked while it looked has not left half a change behind.
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T: Clone> Shared<T> {
    /// The value as it is now.
    #[must_use]
    pub fn get(&self) -> T {
        self.with(|value| value.clone())
    }

    /// Replaces the value.
    pub fn set(&self, value: T) {
        self.with(|old| *old = value);
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Default> Default for Shared<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}
