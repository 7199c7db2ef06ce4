// revocation.js FOLDER PORT NAME...: what Node makes of each, a line each: WAY NAME WORDS.
// server: as a server with CRLs, of holders/NAME. ocsp, crl, both: as a client, of the server
// NAME.example.test at PORT; a staple is written to NAME.staple, for it reads none itself.
'use strict';
const fs = require('fs');
const tls = require('tls');
const [folder, port, ...names] = process.argv.slice(2);
const read = (file) => fs.readFileSync(`${folder}/${file}`);
const crl = [read('ca.crl.pem'), read('root.crl.pem')];

function judgedByServer(name, server) {
	return new Promise((resolve) => {
		server.once('secureConnection', (socket) => {
			resolve(`server ${name} ${socket.authorizationError || 'good'}`);
			socket.destroy();
		});
		tls.connect({
			port: server.address().port, host: '127.0.0.1', rejectUnauthorized: false,
			cert: read(`holders/${name}/auth.pem`), key: read(`holders/${name}/auth.key`),
		}).on('error', () => {});
	});
}

function judgedByClient(name, way) {
	return new Promise((resolve) => {
		const client = tls.connect({
			port, host: '127.0.0.1', servername: `${name}.example.test`, ca: read('trust.pem'),
			rejectUnauthorized: false, requestOCSP: way !== 'crl', crl: way !== 'ocsp' ? crl : undefined,
		});
		client.once('OCSPResponse', (der) => der && fs.writeFileSync(`${folder}/${name}.staple`, der));
		client.once('secureConnect', () => {
			resolve(`${way} ${name} ${client.authorizationError || 'good'}`);
			client.destroy();
		});
		client.once('error', (error) => resolve(`${way} ${name} ${error.message}`));
	});
}

async function main() {
	const server = tls.createServer({
		cert: read('servers/alice/cert.pem'), key: read('servers/alice/key.pem'),
		ca: read('chain.pem'), crl, requestCert: true, rejectUnauthorized: false,
	});
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	for (const name of names)
		console.log(await judgedByServer(name, server));
	server.close();
	for (const way of ['ocsp', 'crl', 'both'])
		for (const name of names)
			console.log(await judgedByClient(name, way));
}
main();
