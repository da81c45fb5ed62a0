import { faultBroker } from '../../harness/broker-under-test.ts'
import { kafkajsContract } from './contract.ts'

kafkajsContract({ name: 'the fault broker', needs: 'node', isHere: true, open: faultBroker })
