// The rules for schemas and for Relay of graphql-eslint, and why some of them are not ours.
import { join } from 'node:path';
import graphql from '@graphql-eslint/eslint-plugin';

const { configs, parser } = graphql;
const schema = join(import.meta.dirname, 'build/schema.graphql');

export default [{
  files: ['**/*.graphql'],
  languageOptions: { parser, parserOptions: { graphQLConfig: { schema } } },
  plugins: { '@graphql-eslint': graphql },
  rules: {
    ...configs['flat/schema-recommended'].rules,
    ...configs['flat/schema-relay'].rules,
    '@graphql-eslint/require-nullable-fields-with-oneof': 'error',
    // More than recommended: everything is described. The one directive is @oneOf, which the specification describes;
    // it is printed for tools that are older than it.
    '@graphql-eslint/require-description': ['error', {
      types: true,
      rootField: true,
      FieldDefinition: true,
      InputValueDefinition: true,
      EnumValueDefinition: true,
      DirectiveDefinition: false,
    }],
    // Modules, content items and blocks are short, ordered and wholly shown: plain lists, not connections.
    // And a fact about two things, such as progress, is found through them: the node of its edge is no Node.
    '@graphql-eslint/relay-edge-types': ['error', {
      withEdgeSuffix: true,
      shouldImplementNode: false,
      listTypeCanWrapOnlyEdgeType: false,
    }],
    // Connections, edges and values (a transcript, a file of a lab) have no identity, and caches keep them in their
    // parents. What is a row has one, which the next rule holds it to.
    '@graphql-eslint/strict-id-in-types': 'off',
    'no-restricted-syntax': ['error', {
      selector: 'ObjectTypeDefinition:has(> .fields[name.value="databaseId"]):not(:has(> .interfaces[name.value="Node"]))',
      message: 'What has the id of a row must implement Node: caches know it by its global id.',
    }],
    // `assetType` and `moduleType` are the words of the database, which analysts use too; `type` would say less.
    '@graphql-eslint/no-typename-prefix': 'off',
  },
}];
