/** npm's `prepack` in the repository: its own package.json is for development, and would bring 545 MB to users. */
console.error('The packages that are published are made by: npm run package (see packaging/README.md)');
process.exitCode = 1;
