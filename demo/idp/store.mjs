// Where an issuer keeps sessions, codes and grants: in memory, apart from the other issuers, gone when the demo stops.

/** An adapter class (oidc-provider's term) with a memory of its own. */
export function createStore() {
  const entries = new Map(); // "Kind:id" -> {payload, endsAt}
  const byUid = new Map(); // a session's uid -> its id

  const present = (key) => {
    const entry = entries.get(key);
    if (!entry || entry.endsAt > Date.now()) return entry?.payload;
    entries.delete(key);
    return undefined;
  };

  return class Store {
    constructor(kind) {
      this.kind = kind;
    }

    async upsert(id, payload, seconds) {
      for (const key of entries.keys()) present(key); // forgets what is over
      entries.set(`${this.kind}:${id}`, { payload, endsAt: seconds ? Date.now() + seconds * 1000 : Infinity });
      if (this.kind === "Session") byUid.set(payload.uid, id);
    }

    async find(id) {
      return present(`${this.kind}:${id}`);
    }

    async findByUid(uid) {
      return this.find(byUid.get(uid));
    }

    async consume(id) {
      const payload = await this.find(id);
      if (payload) payload.consumed = Math.floor(Date.now() / 1000);
    }

    async destroy(id) {
      entries.delete(`${this.kind}:${id}`);
    }

    async revokeByGrantId(grantId) {
      for (const [key, { payload }] of entries) if (payload.grantId === grantId) entries.delete(key);
    }
  };
}
