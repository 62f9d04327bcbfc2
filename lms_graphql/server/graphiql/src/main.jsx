import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import './workbench.css';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { createRoot } from 'react-dom/client';
import { exampleTab, headersText, loadConfig } from './config.js';
import { createFetcher } from './fetcher.js';
import { IdentitySelect } from './IdentitySelect.jsx';
import { resultTablePlugin } from './resultTable.jsx';
import { createStorage, storedIdentity, storedTab } from './storage.js';

// Made once: GraphiQL starts again whenever it is handed new plugins.
const plugins = [HISTORY_PLUGIN, explorerPlugin({ showAttribution: false }), resultTablePlugin];

/** The props that come from the server's answer and from what this browser remembers. */
function graphiqlProps({ endpoint, identities, tabs }) {
  const identity = identities.find(({ label }) => label === storedIdentity()) ?? identities[0];
  const defaultHeaders = headersText(identity);
  const examples = tabs.map(exampleTab);
  // GraphiQL fills its editors from the open tab only in part (never the variables), so it is told.
  const open = storedTab() ?? examples[0];
  return {
    fetcher: createFetcher(endpoint),
    storage: createStorage(defaultHeaders),
    defaultHeaders,
    defaultTabs: examples.length > 0 ? examples : undefined,
    initialQuery: open?.query ?? undefined,
    initialVariables: open?.variables ?? undefined,
  };
}

function Workbench({ identities, notice, graphiql }) {
  return (
    <>
      {notice && <p className="workbench-notice" role="note">{notice}</p>}
      <div className="workbench-main">
        <GraphiQL {...graphiql} plugins={plugins} shouldPersistHeaders={false} inputValueDeprecation>
          <GraphiQL.Logo>
            {identities.length > 0 && <IdentitySelect identities={identities} defaultHeaders={graphiql.defaultHeaders} />}
          </GraphiQL.Logo>
        </GraphiQL>
      </div>
    </>
  );
}

function Failure({ message }) {
  return <p className="workbench-message" role="alert">The workbench cannot start. {message}</p>;
}

const root = createRoot(document.getElementById('root'));
try {
  const config = await loadConfig();
  root.render(<Workbench {...config} graphiql={graphiqlProps(config)} />);
} catch (error) {
  root.render(<Failure message={error.message} />);
}
