//! A bounded map for the writer: two generations, so that what is used stays and the rest falls
//! out without bookkeeping for each use. Never evicts in the middle of a batch.

use std::hash::Hash;

use ahash::AHashMap;

pub(crate) struct Cache<K, V> {
    young: AHashMap<K, V>,
    old: AHashMap<K, V>,
    generation_len_max: usize,
}

impl<K: Hash + Eq + Clone, V> Cache<K, V> {
    /// Keeps at most about twice `generation_len_max` values.
    pub(crate) fn new(generation_len_max: usize) -> Self {
        Self { young: AHashMap::new(), old: AHashMap::new(), generation_len_max }
    }

    pub(crate) fn get(&mut self, key: &K) -> Option<&mut V> {
        // Most often everything is young: then it is looked up once.
        if !self.old.is_empty()
            && !self.young.contains_key(key)
            && let Some(value) = self.old.remove(key)
        {
            self.young.insert(key.clone(), value);
        }
        self.young.get_mut(key)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.old.remove(&key);
        self.young.insert(key, value);
    }

    /// Lets go of what was not used for a generation. Only between batches: values may be dirty
    /// inside one.
    pub(crate) fn trim(&mut self) {
        if self.young.len() > self.generation_len_max {
            self.old = std::mem::take(&mut self.young);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_falls_out() {
        let mut cache = Cache::new(2);
        for key in 0..3 {
            cache.insert(key, key);
        }
        cache.trim();
        assert_eq!(cache.get(&0).copied(), Some(0));
        for key in 10..12 {
            cache.insert(key, key);
        }
        cache.trim();
        assert_eq!(cache.get(&0).copied(), Some(0));
        assert_eq!(cache.get(&1), None);
    }

    #[test]
    fn a_value_is_never_there_twice() {
        let mut cache = Cache::new(0);
        cache.insert(1, 'a');
        cache.trim();
        cache.insert(1, 'b');
        assert_eq!(cache.get(&1).copied(), Some('b'));
        cache.trim();
        cache.trim();
        assert_eq!(cache.get(&1).copied(), Some('b'));
    }
}
