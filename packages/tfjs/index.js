// Where an ES module imports tfjs, node first searches its text, 3 MB of CommonJS, for the names of its exports: 0.2 s in every
// process and thread. The search follows `require('…')`, but not a name that is computed.
const name = '@tensorflow/tfjs';

module.exports = require(name);
