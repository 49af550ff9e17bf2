//! Kubernetes objects in rendered text: split, identity, order.
