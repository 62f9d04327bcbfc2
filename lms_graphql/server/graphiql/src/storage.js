const TABS = 'graphiql:tabState';
const HISTORY = { 'graphiql:queries': 'queries', 'graphiql:favorites': 'favorites' };
// Another GraphiQL at the same host and port (a developer's localhost has many) must not hide our example tabs.
const PREFIX = `lms-graphql:${location.pathname}:`;

const ownKeys = () => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));

/**
 * localStorage for GraphiQL, without tokens: `shouldPersistHeaders={false}` covers the tabs, but the history would
 * still keep the headers of every run. Entries read back get `defaultHeaders` instead.
 */
export function createStorage(defaultHeaders) {
  return {
    getItem(key) {
      const value = localStorage.getItem(PREFIX + key);
      return value && key in HISTORY ? mapEntries(value, HISTORY[key], defaultHeaders) : value;
    },
    setItem(key, value) {
      localStorage.setItem(PREFIX + key, key in HISTORY ? mapEntries(value, HISTORY[key], undefined) : value);
    },
    removeItem: (key) => localStorage.removeItem(PREFIX + key),
    clear: () => ownKeys().forEach((key) => localStorage.removeItem(key)),
    get length() {
      return ownKeys().length;
    },
  };
}

function mapEntries(json, name, headers) {
  return JSON.stringify({ [name]: JSON.parse(json)[name].map((entry) => ({ ...entry, headers })) });
}

/** The tab the reader left open; undefined at a first visit, and if what is stored makes no sense. */
export function storedTab() {
  try {
    const state = JSON.parse(localStorage.getItem(PREFIX + TABS));
    return state?.tabs?.[state.activeTabIndex];
  } catch {
    return undefined;
  }
}

/** The label of the identity chosen last. Only the label: tokens change whenever the server makes new ones. */
export const storedIdentity = () => localStorage.getItem(`${PREFIX}identity`);
export const storeIdentity = (label) => localStorage.setItem(`${PREFIX}identity`, label);
