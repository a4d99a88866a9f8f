// Package portal is a Bitrix24 portal in memory, for tests and the demonstration. It is not a product: it has one
// webhook and implements only what a mail channel uses.
//
// The portal is strict. It follows the published contract, not the requests of our client, and refuses what a real
// portal refuses.
package portal
