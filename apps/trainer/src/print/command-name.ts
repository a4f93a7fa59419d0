/** How a user calls the command line: from a clone, or from an installed package. */
export const commandName = import.meta.url.includes('/node_modules/') ? 'npx @chorus/trainer' : 'pnpm chorus';
