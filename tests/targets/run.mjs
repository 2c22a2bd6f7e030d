// Seals and opens the record vectors with a WebAssembly module. The bytes are the same as anywhere.
//
//   node run.mjs MODULE.wasm

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const module = new WebAssembly.Module(readFileSync(process.argv[2]));
// Without imports, it cannot use anything of a system.
assert.deepEqual(WebAssembly.Module.imports(module), []);
const { memory, resize, address, seal, open } = new WebAssembly.Instance(module).exports;

// The numbers of the suites, by version and AEAD as the vectors name them (RFC 9846 §B.4, RFC 5289,
// RFC 7905).
const SUITES = {
  "1.3": {
    TLS_AES_128_GCM_SHA256: [0x1301],
    TLS_AES_256_GCM_SHA384: [0x1302],
    TLS_CHACHA20_POLY1305_SHA256: [0x1303],
  },
  "1.2": {
    TLS_AES_128_GCM_SHA256: [0xc02b, 0xc02f],
    TLS_AES_256_GCM_SHA384: [0xc02c, 0xc030],
    TLS_CHACHA20_POLY1305_SHA256: [0xcca9, 0xcca8],
  },
};
const APPLICATION_DATA = 23;
const REFUSED = -1;
// From here on, a writer seals no more data: the rest is reserved for a KeyUpdate and an alert.
const LAST_SEQS = 2n ** 64n - 2n;

function content(vector) {
  if (vector.content_pattern === undefined) return Buffer.from(vector.content, "hex");
  const [length, seed] = vector.content_pattern;
  return Buffer.from(Array.from({ length }, (_, i) => (seed * 131 + i * 7 + (i >> 8)) & 0xff));
}

// Passes `input` after the vector's key and IV, and returns what `call` makes of it.
function exchange(vector, input, call) {
  const before = Buffer.from(vector.key + vector.iv, "hex");
  resize(before.length + input.length);
  new Uint8Array(memory.buffer).set(Buffer.concat([before, input]), address());
  const length = call(BigInt.asIntN(64, BigInt(vector.seq)));
  if (length === REFUSED) return null;
  const start = address() + before.length;
  return Buffer.from(memory.buffer.slice(start, start + length));
}

const { records } = JSON.parse(readFileSync(new URL("../data/records.json", import.meta.url)));
let count = 0;
for (const vector of records) {
  // A writer makes records of other types only on its own.
  if (vector.content_type !== APPLICATION_DATA) continue;
  const [plaintext, record] = [content(vector), Buffer.from(vector.record, "hex")];
  for (const suite of SUITES[vector.version][vector.suite]) {
    const name = `${vector.version} ${vector.suite} ${vector.seq} ${plaintext.length}`;
    const sealed = exchange(vector, plaintext, (seq) => seal(suite, seq, vector.padding));
    if (BigInt(vector.seq) >= LAST_SEQS) assert.equal(sealed, null, name);
    else assert.ok(sealed?.equals(record), `sealed otherwise: ${name}`);
    const opened = exchange(vector, record, (seq) => open(suite, seq));
    assert.ok(opened?.equals(plaintext), `opened otherwise: ${name}`);
    count++;
  }
}
assert.ok(count > 60, `only ${count} vectors`);
console.log(`${count} records sealed and opened as the vectors say`);
