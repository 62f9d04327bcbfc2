import { useGraphiQL } from '@graphiql/react';
import { headersText } from './config.js';
import { storeIdentity } from './storage.js';

/** Whose token the active tab sends. Shows «own headers» once the reader has edited them. */
export function IdentitySelect({ identities, defaultHeaders }) {
  const headerEditor = useGraphiQL((state) => state.headerEditor);
  const headers = useGraphiQL((state) => state.tabs[state.activeTabIndex].headers) ?? defaultHeaders;
  const current = identities.findIndex((identity) => headersText(identity) === headers);

  function choose(event) {
    const identity = identities[event.target.value];
    storeIdentity(identity.label);
    headerEditor.setValue(headersText(identity));
  }

  return (
    <label className="workbench-identity">
      Identity
      <select aria-label="Identity" value={current} onChange={choose} disabled={!headerEditor}>
        {current === -1 && <option value={-1}>own headers</option>}
        {identities.map((identity, index) => (
          <option key={identity.label} value={index}>{identity.label}</option>
        ))}
      </select>
    </label>
  );
}
