# weak-secret
