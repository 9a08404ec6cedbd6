/**
 * A wallet by the Wallet Standard that a test holds the keys of, and whose user is the test (`__init__.py`).
 * It is put into pages before their own scripts, as a browser's extension is.
 *
 * https://github.com/wallet-standard/wallet-standard and https://github.com/anza-xyz/wallet-standard
 */

/**
 * @typedef {{address: string, publicKey: number[], jwk: JsonWebKey}} Key
 *
 * @typedef {object} Config
 * @property {string} name
 * @property {string} ask Name of the function that asks the user.
 * @property {`${string}:${string}`[]} chains
 * @property {Key[]} keys
 * @property {boolean} signsIn
 * @property {boolean} sendsOnly
 * @property {{units: number, price: number} | null} computeBudget Added to transactions that have none.
 *
 * @typedef {{address: string, publicKey: Uint8Array, chains: string[], features: string[]}} Account
 * @typedef {{account: Account, transaction: Uint8Array}} TransactionInput
 * @typedef {{account: Account, message: Uint8Array}} MessageInput
 * @typedef {Partial<Record<"domain" | "address" | "statement" | "uri" | "version" | "chainId" | "nonce" | "issuedAt"
 *   | "expirationTime" | "notBefore" | "requestId", string>> & {resources?: string[]}} SignInInput
 *
 * @typedef {object} Message Of a transaction, legacy or of version 0.
 * @property {number | null} version
 * @property {number[]} header Signers; of them read-only; of the others read-only.
 * @property {Uint8Array[]} keys
 * @property {Uint8Array} blockhash
 * @property {{program: number, accounts: number[], data: Uint8Array}[]} instructions
 * @property {Uint8Array} rest Address lookup tables.
 */

const COMPUTE_BUDGET = Uint8Array.from(
  "0306466fe5211732ffecadba72c39be7bc8ce5bbc5f7126b2c439b3a40000000".match(/../g) ?? [],
  (pair) => parseInt(pair, 16),
);
const ICON = "data:image/svg+xml;base64," + btoa('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>');
const PATIENCE = 50; // milliseconds

/** @param {Config} config */
function standInWallet(config) {
  /** @type {Account[]} */
  let accounts = [];
  /** @type {Set<(changed: {accounts: Account[]}) => void>} */
  const listeners = new Set();

  /** @param {Account[]} now */
  const setAccounts = (now) => {
    if (now.length === accounts.length && now.every((account, place) => account === accounts[place])) return;
    accounts = now;
    for (const listener of listeners) listener({ accounts });
  };

  /**
   * Ask the user, who may take his time.
   *
   * @param {string} feature
   * @param {object} [about]
   */
  const ask = async (feature, about = {}) => {
    const request = { id: crypto.randomUUID(), feature, ...about };
    let answer = await call(request);
    while (answer === "later") {
      await new Promise((resolve) => setTimeout(resolve, PATIENCE));
      answer = await call(request);
    }
    if (answer === "refuse") throw Object.assign(new Error("User rejected the request."), { code: 4001 });
    return answer;
  };

  /** @param {object} request @returns {Promise<string>} */
  const call = (request) => /** @type {any} */ (window)[config.ask](request);

  /** @param {Account} account */
  const keyOf = (account) => {
    const key = config.keys.find(({ address }) => address === account.address);
    if (!key || !accounts.some(({ address }) => address === account.address)) {
      throw new Error("This account is not connected.");
    }
    return key;
  };

  /** @param {{silent?: boolean}} [input] */
  const connect = async ({ silent = false } = {}) => {
    if (!accounts.length) {
      if ((await ask("standard:connect", { silent })) === "agree") setAccounts(known.slice(0, 1));
    }
    return { accounts };
  };

  /** @param {MessageInput[]} inputs */
  const signMessage = async (...inputs) => {
    await ask("solana:signMessage", { messages: inputs.map(({ message }) => toBase64(message)) });
    return Promise.all(
      inputs.map(async ({ account, message }) => ({
        signedMessage: message,
        signature: await sign(keyOf(account), message),
        signatureType: "ed25519",
      })),
    );
  };

  /** @param {SignInInput[]} inputs */
  const signIn = async (...inputs) => {
    const account = known[0];
    if (!account) throw new Error("This wallet has no account.");
    const messages = (inputs.length ? inputs : [{}]).map((input) =>
      new TextEncoder().encode(signInText(input, account.address)),
    );
    await ask("solana:signIn", { messages: messages.map(toBase64) });
    setAccounts([account]);
    return Promise.all(
      messages.map(async (signedMessage) => ({
        account,
        signedMessage,
        signature: await sign(keyOf(account), signedMessage),
        signatureType: "ed25519",
      })),
    );
  };

  /** @param {TransactionInput[]} inputs */
  const signTransaction = async (...inputs) => {
    await ask("solana:signTransaction", { transactions: inputs.map(({ transaction }) => toBase64(transaction)) });
    return Promise.all(inputs.map(async (input) => ({ signedTransaction: await signed(input) })));
  };

  /** @param {TransactionInput[]} inputs */
  const signAndSendTransaction = async (...inputs) => {
    const feature = "solana:signAndSendTransaction";
    await ask(feature, { transactions: inputs.map(({ transaction }) => toBase64(transaction)) });
    return Promise.all(
      inputs.map(async (input) => {
        const transaction = await signed(input);
        await call({ id: crypto.randomUUID(), feature: "send", transactions: [toBase64(transaction)] });
        return { signature: readTransaction(transaction).signatures[0] };
      }),
    );
  };

  /** @param {TransactionInput} input */
  const signed = async ({ account, transaction }) => {
    const key = keyOf(account);
    let { signatures, message } = readTransaction(transaction);
    if (config.computeBudget && signatures.every((signature) => signature.every((byte) => byte === 0))) {
      message = writeMessage(withComputeBudget(readMessage(message), config.computeBudget));
    }
    const { header, keys } = readMessage(message);
    const place = keys.slice(0, header[0]).findIndex((signer) => toBase64(signer) === toBase64(account.publicKey));
    if (place < 0) throw new Error("This account does not sign the transaction.");
    signatures[place] = await sign(key, message);
    return join([lengthOf(signatures.length), ...signatures, message]);
  };

  const supportedTransactionVersions = ["legacy", 0];
  const features = {
    "standard:connect": { version: "1.0.0", connect },
    "standard:disconnect": { version: "1.0.0", disconnect: async () => setAccounts([]) },
    "standard:events": {
      version: "1.0.0",
      /** @param {"change"} event @param {(changed: {accounts: Account[]}) => void} listener */
      on: (event, listener) => {
        if (event === "change") listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    "solana:signMessage": { version: "1.1.0", signMessage },
    ...(config.sendsOnly
      ? { "solana:signAndSendTransaction": { version: "1.0.0", supportedTransactionVersions, signAndSendTransaction } }
      : { "solana:signTransaction": { version: "1.0.0", supportedTransactionVersions, signTransaction } }),
    ...(config.signsIn ? { "solana:signIn": { version: "1.0.0", signIn } } : {}),
  };
  const known = config.keys.map(({ address, publicKey }) =>
    Object.freeze({
      address,
      publicKey: Uint8Array.from(publicKey),
      chains: config.chains,
      features: Object.keys(features).filter((name) => name.startsWith("solana:")),
    }),
  );
  const wallet = Object.freeze({
    version: "1.0.0",
    name: config.name,
    icon: ICON,
    chains: config.chains,
    features,
    get accounts() {
      return accounts;
    },
  });

  // what the user does in the wallet itself
  window.addEventListener(config.ask, (event) => {
    const shown = /** @type {CustomEvent<string[]>} */ (event).detail;
    setAccounts(known.filter(({ address }) => shown.includes(address)));
  });

  /** @param {{register: (wallet: object) => void}} api */
  const register = (api) => api.register(wallet);
  window.dispatchEvent(new CustomEvent("wallet-standard:register-wallet", { detail: register }));
  window.addEventListener("wallet-standard:app-ready", (event) =>
    register(/** @type {CustomEvent<{register: (wallet: object) => void}>} */ (event).detail),
  );
}

/** The text of Sign-In With Solana. @param {SignInInput} input @param {string} address */
function signInText(input, address) {
  if (input.address && input.address !== address) throw new Error("This wallet has another account.");
  const fields = [
    ["URI", input.uri],
    ["Version", input.version],
    ["Chain ID", input.chainId],
    ["Nonce", input.nonce],
    ["Issued At", input.issuedAt],
    ["Expiration Time", input.expirationTime],
    ["Not Before", input.notBefore],
    ["Request ID", input.requestId],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  if (input.resources) fields.push("Resources:", ...input.resources.map((resource) => `- ${resource}`));
  const head = `${input.domain ?? location.host} wants you to sign in with your Solana account:\n${address}`;
  return [head, input.statement, fields.join("\n")].filter(Boolean).join("\n\n");
}

/** @param {Key} key @param {Uint8Array} message */
async function sign(key, message) {
  const secret = await crypto.subtle.importKey("jwk", key.jwk, "Ed25519", false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("Ed25519", secret, Uint8Array.from(message)));
}

/** What wallets add that want their transactions to land. @param {Message} message @param {{units: number, price: number}} budget @returns {Message} */
function withComputeBudget(message, { units, price }) {
  if (message.keys.some((key) => toBase64(key) === toBase64(COMPUTE_BUDGET))) return message;
  const place = message.keys.length;
  // accounts from lookup tables are numbered behind those that are listed
  const moved = (/** @type {number} */ index) => (index < place ? index : index + 1);
  const unitLimit = new DataView(new ArrayBuffer(5));
  unitLimit.setUint8(0, 2);
  unitLimit.setUint32(1, units, true);
  const unitPrice = new DataView(new ArrayBuffer(9));
  unitPrice.setUint8(0, 3);
  unitPrice.setBigUint64(1, BigInt(price), true);
  const [signers = 0, readOnlySigners = 0, readOnly = 0] = message.header;
  return {
    ...message,
    header: [signers, readOnlySigners, readOnly + 1],
    keys: [...message.keys, COMPUTE_BUDGET],
    instructions: [
      ...[unitLimit, unitPrice].map(({ buffer }) => ({ program: place, accounts: [], data: new Uint8Array(buffer) })),
      ...message.instructions.map(({ program, accounts, data }) => ({
        program: moved(program),
        accounts: accounts.map(moved),
        data,
      })),
    ],
  };
}

/** @param {Uint8Array} bytes */
function readTransaction(bytes) {
  const reader = new Reader(bytes);
  const signatures = Array.from({ length: reader.length() }, () => reader.take(64));
  return { signatures, message: reader.rest() };
}

/** https://solana.com/docs/core/transactions @param {Uint8Array} bytes @returns {Message} */
function readMessage(bytes) {
  const reader = new Reader(bytes);
  const first = reader.byte();
  const version = first & 0x80 ? first & 0x7f : null;
  if (version) throw new Error(`This wallet does not know transactions of version ${version}.`);
  const header = [version === null ? first : reader.byte(), reader.byte(), reader.byte()];
  const keys = Array.from({ length: reader.length() }, () => reader.take(32));
  const blockhash = reader.take(32);
  const instructions = Array.from({ length: reader.length() }, () => ({
    program: reader.byte(),
    accounts: [...reader.take(reader.length())],
    data: reader.take(reader.length()),
  }));
  return { version, header, keys, blockhash, instructions, rest: reader.rest() };
}

/** @param {Message} message */
function writeMessage({ version, header, keys, blockhash, instructions, rest }) {
  return join([
    Uint8Array.from(version === null ? header : [version | 0x80, ...header]),
    lengthOf(keys.length),
    ...keys,
    blockhash,
    lengthOf(instructions.length),
    ...instructions.flatMap(({ program, accounts, data }) => [
      Uint8Array.of(program),
      lengthOf(accounts.length),
      Uint8Array.from(accounts),
      lengthOf(data.length),
      data,
    ]),
    rest,
  ]);
}

class Reader {
  #place = 0;
  #bytes;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.#bytes = bytes;
  }

  /** @param {number} count */
  take(count) {
    if (this.#place + count > this.#bytes.length) throw new Error("This is not a Solana transaction.");
    return this.#bytes.slice(this.#place, (this.#place += count));
  }

  byte() {
    return this.take(1)[0] ?? 0;
  }

  /** A "compact-u16": seven bits a byte, the lowest first. */
  length() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  rest() {
    return this.take(this.#bytes.length - this.#place);
  }
}

/** @param {number} value */
function lengthOf(value) {
  const bytes = [];
  for (; value > 0x7f; value >>= 7) bytes.push((value & 0x7f) | 0x80);
  return Uint8Array.from([...bytes, value]);
}

/** @param {Uint8Array[]} parts */
function join(parts) {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** @param {Uint8Array} bytes */
function toBase64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}
