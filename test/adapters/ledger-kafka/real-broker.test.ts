import { realBroker } from '../../harness/broker-under-test.ts'
import { isHere } from '../../house/needs.ts'
import { kafkajsContract } from './contract.ts'

kafkajsContract({
  name: 'a real Kafka',
  needs: 'kafka',
  isHere: isHere('kafka'),
  open: realBroker,
})
