/**
 * Express at the price of bare Node. Express gives every request and response another prototype, which throws away
 * V8's shapes and costs five times the request itself (expressjs/express#5998, nodejs/node#37457). Here the server
 * makes them with Express's prototypes in the first place, so that its `Object.setPrototypeOf` changes nothing.
 *
 * Use routers only: a mounted sub-app would set its own prototypes again.
 */
import { IncomingMessage, ServerResponse } from 'node:http'
import express, { type Express } from 'express'

export interface FastExpress {
  readonly app: Express
  /** Options of `https.createServer`. */
  readonly classes: {
    readonly IncomingMessage: typeof IncomingMessage
    readonly ServerResponse: typeof ServerResponse
  }
}

export function makeFastExpress(): FastExpress {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.disable('query parser')
  app.enable('case sensitive routing')
  app.enable('strict routing')

  class Request extends IncomingMessage {}
  class Response<Q extends IncomingMessage = IncomingMessage> extends ServerResponse<Q> {}
  Object.setPrototypeOf(Request.prototype, app.request)
  Object.setPrototypeOf(Response.prototype, app.response)
  Object.assign(app, { request: Request.prototype, response: Response.prototype })
  return { app, classes: { IncomingMessage: Request, ServerResponse: Response } }
}
